import { AttestError, type Claim, type EvidenceVerdict, verifyEvidence } from '@dcml/attest';
import { encodeUtf8, sha256, toHex } from '@dcml/core';
import { claim } from './claims.ts';
import type { AttestationReport } from './report.ts';
import { cpuEvidenceOf } from './report-evidence.ts';
import type { VerifyReportOptions } from './verify-report.ts';

export interface CpuResult {
  readonly claims: readonly Claim[];
  readonly simulated: boolean;
  /** The compose text, only when the evidence proves it to be the measured one. */
  readonly measuredCompose: string | null;
  /** Its SHA-256, lowercase hex. */
  readonly composeHash: string | null;
}

/** Judges the evidence about the CPU; `slot` is the report data that it must bind. */
export async function cpuResult(
  report: AttestationReport,
  slot: Uint8Array,
  options: VerifyReportOptions,
): Promise<CpuResult> {
  try {
    const { evidence, appCompose } = cpuEvidenceOf(report, options.collateral);
    const verdict: EvidenceVerdict = await verifyEvidence(evidence, {
      policy: options.policy,
      expectedReportData: slot,
      nowMs: options.nowMs,
      ...(options.registeredComposeHashes && { registeredComposeHashes: options.registeredComposeHashes }),
    });
    const composeHash = toHex(sha256(encodeUtf8(appCompose)));
    const isMeasured = verdict.outcome !== 'fail' && verdict.measured?.composeHash === composeHash;
    return {
      claims: verdict.claims,
      simulated: verdict.simulated,
      measuredCompose: isMeasured ? appCompose : null,
      composeHash: isMeasured ? composeHash : null,
    };
  } catch (error) {
    // A policy or a platform that cannot work is the caller's to mend; anything else is the evidence's fault.
    if (error instanceof AttestError) throw error;
    const reason = error instanceof Error ? error.message : 'the evidence cannot be read';
    const unreadable = claim('evidence_readable', 'fail', reason);
    return { claims: [unreadable], simulated: true, measuredCompose: null, composeHash: null };
  }
}
