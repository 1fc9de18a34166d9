import type { DstackTdxEvidence, EvidencePolicy, Verdict } from '@dcml/attest';
import * as attest from '@dcml/attest';

export interface EvidenceVerdict extends Verdict {}

export interface VerifyEvidenceOptions {
  readonly policy: EvidencePolicy;
  readonly expectedReportData: Uint8Array;
  readonly registeredComposeHashes?: readonly string[];
  readonly nowMs: number;
}

/** Bridges until @dcml/attest exports its verifier; refuses without it. */
export function verifyEvidence(
  evidence: DstackTdxEvidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const found: unknown = Reflect.get(attest, 'verifyEvidence');
  if (typeof found !== 'function') throw new TypeError('no evidence verifier is present');
  return (found as typeof verifyEvidence)(evidence, options);
}
