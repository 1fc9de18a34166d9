import {
  type EvidenceVerdict,
  type TdxEvidence,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import {
  issueSimulatedCollateral,
  type SimulatedCollateralOptions,
  type SimulatedQuoteOptions,
  signSimulatedQuote,
  simulatedTd15,
} from '@dcml/testing';
import { NOW_MS, platform, reportData } from '../simulated-evidence.ts';

export interface TdxDeviation {
  readonly quote?: SimulatedQuoteOptions;
  readonly collateral?: SimulatedCollateralOptions;
}

/** Evidence of a guest with a quote version 5 of a TD report 1.5 that deviates where a test says so. */
export function makeTdx15Evidence({ quote, collateral }: TdxDeviation = {}): TdxEvidence {
  const { vendor } = platform;
  const td = { ...simulatedTd15, reportData, ...quote?.td };
  return {
    kind: 'tdx',
    quote: signSimulatedQuote(vendor, { version: 5, ...quote, td }),
    collateral: issueSimulatedCollateral(vendor, collateral),
  };
}

/** Verifies with the platform's policy for any application. */
export function verifyTdxEvidence(
  evidence: TdxEvidence,
  options: Partial<VerifyEvidenceOptions> = {},
): Promise<EvidenceVerdict> {
  return verifyEvidence(evidence, {
    policy: { ...platform.policy, composeHashes: null },
    expectedReportData: reportData,
    nowMs: NOW_MS,
    ...options,
  });
}
