import { type Claim, concludeVerdict, type EvidencePolicy, type Verdict } from '@dcml/attest';
import { type DigestText, equalBytes, fromHex } from '@dcml/core';
import { claim, compared } from './claims.ts';
import type { Collateral } from './collateral-json.ts';
import { configurationOf } from './configuration-claims.ts';
import { cpuResult } from './cpu-claims.ts';
import { deviceResult } from './device-claims.ts';
import { keysetDigest, type WorkloadKeyset } from './keyset.ts';
import { keysetClaims } from './keyset-claims.ts';
import type { MeasuredConfiguration } from './measured-configuration.ts';
import { provenanceClaims } from './provenance-claims.ts';
import type { AttestationReport } from './report.ts';
import { attestationStatement, reportData } from './statement.ts';

export interface VerifyReportOptions {
  /** What the verifier sent: 64 hex digits. Null for an unchallenged report, whose freshness stays `unknown`. */
  readonly nonce: string | null;
  readonly nowMs: number;
  readonly policy: EvidencePolicy;
  /** Of the CPU's vendor, and of the devices' where the report shows some. */
  readonly collateral: Collateral;
  /** Lowercase hex, read from the chain by the caller. */
  readonly registeredComposeHashes?: readonly string[];
}

/** What a passed report establishes: everything later is checked against this. */
export interface EstablishedWorkload {
  readonly keyset: WorkloadKeyset;
  readonly keysetDigest: DigestText;
  readonly configuration: MeasuredConfiguration;
  /** Lowercase hex. */
  readonly composeHash: string;
  readonly simulated: boolean;
}

export interface ReportVerdict extends Verdict {
  /** Null unless the outcome is `pass`. */
  readonly established: EstablishedWorkload | null;
}

/** aci/1 section 9.1, check 2: recomputed from the keyset that will be used, whatever the report restates. */
function bindingClaims(
  report: AttestationReport,
  nonce: string | null,
): { claims: Claim[]; slot: Uint8Array } {
  const digest = keysetDigest(report.keyset);
  const slot = reportData(attestationStatement(digest, nonce));
  const stated = fromHex(report.reportData, 'report_data', 32);
  return {
    slot,
    claims: [
      compared(
        'keyset_digest',
        digest === report.keysetDigest,
        `the keyset hashes to ${digest}`,
        `the keyset hashes to ${digest}, the report says ${report.keysetDigest}`,
      ),
      compared(
        'report_data_stated',
        equalBytes(stated, slot.subarray(0, 32)),
        'report_data is the statement over keyset and nonce',
        'report_data is not the statement over this keyset and nonce',
      ),
      nonce === null
        ? claim('nonce_fresh', 'unknown', 'no nonce was sent: the report may be old')
        : claim('nonce_fresh', 'pass', 'the evidence must cover the nonce that was sent'),
    ],
  };
}

/**
 * Establishes a workload (aci/1 section 9.1, all checks but the channel's): evidence under the policy, the keyset bound
 * to it with the nonce, devices, expiry, measured configuration, provenance. Never throws on what the report says; throws
 * `RECEIPT_NONCE` for a malformed nonce of the caller, and `ATTEST_POLICY`, `ATTEST_NO_WEBCRYPTO`.
 */
export async function verifyReport(
  report: AttestationReport,
  options: VerifyReportOptions,
): Promise<ReportVerdict> {
  const binding = bindingClaims(report, options.nonce);
  const evidence = await cpuResult(report, binding.slot, options);
  const devices = await deviceResult(report, options);
  const simulated = evidence.simulated || devices.simulated;
  const { configuration, claims: configurationClaims } = configurationOf(evidence.measuredCompose);
  const { composeHash } = evidence;
  const verdict = concludeVerdict(
    [
      ...evidence.claims,
      ...devices.claims,
      ...binding.claims,
      ...keysetClaims(report.keyset, options.nowMs, options.policy),
      ...configurationClaims,
      ...provenanceClaims({
        provenance: report.sourceProvenance,
        measuredCompose: evidence.measuredCompose,
        composeHash,
        policy: options.policy,
        registeredComposeHashes: options.registeredComposeHashes ?? [],
      }),
      // An aggregator sends prompts on to others, whom these checks do not cover (aci/1 section 9.2).
      compared(
        'serving_direct',
        report.serving === 'direct',
        'inference runs in this workload',
        'it is forwarded',
      ),
    ],
    simulated,
  );
  const established =
    verdict.outcome === 'pass' && configuration !== null && composeHash !== null
      ? {
          keyset: report.keyset,
          keysetDigest: keysetDigest(report.keyset),
          configuration,
          composeHash,
          simulated,
        }
      : null;
  return { ...verdict, established };
}
