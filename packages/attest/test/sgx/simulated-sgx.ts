import {
  type EvidencePolicy,
  type EvidenceVerdict,
  type IntelPolicy,
  type SgxEvidence,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import {
  issueSimulatedCollateral,
  type SimulatedCollateralOptions,
  type SimulatedSgxQuoteOptions,
  signSimulatedSgxQuote,
} from '@dcml/testing';
import { NOW_MS, type Platform, platform, reportData } from '../simulated-evidence.ts';

export interface SgxDeviation {
  readonly platform?: Platform;
  readonly quote?: SimulatedSgxQuoteOptions;
  readonly collateral?: SimulatedCollateralOptions;
}

/** Complete evidence of a simulated enclave that deviates where a test says so. */
export function makeSgxEvidence(deviation: SgxDeviation = {}): SgxEvidence {
  const { vendor } = deviation.platform ?? platform;
  const { enclave, ...envelope } = deviation.quote ?? {};
  return {
    kind: 'sgx',
    quote: signSimulatedSgxQuote(vendor, { ...envelope, enclave: { reportData, ...enclave } }),
    collateral: issueSimulatedCollateral(vendor, { kind: 'sgx', ...deviation.collateral }),
  };
}

/** The platform's policy for any enclave, with other Intel rules. */
export function sgxPolicy(rules: Partial<IntelPolicy> = {}, of: Platform = platform): EvidencePolicy {
  const { policy } = of;
  return { ...policy, composeHashes: null, intel: { ...policy.intel, ...rules } };
}

export function verifySgxEvidence(
  evidence: SgxEvidence,
  options: Partial<VerifyEvidenceOptions> = {},
): Promise<EvidenceVerdict> {
  return verifyEvidence(evidence, {
    policy: sgxPolicy(),
    expectedReportData: reportData,
    nowMs: NOW_MS,
    ...options,
  });
}
