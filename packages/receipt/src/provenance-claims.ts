import type { Claim, EvidencePolicy } from '@dcml/attest';
import { claim, optional } from './claims.ts';
import type { SourceProvenance } from './report.ts';

export interface ProvenanceInput {
  readonly provenance: SourceProvenance | null;
  /** The compose that the evidence proved to be measured; null when it did not. */
  readonly measuredCompose: string | null;
  readonly composeHash: string | null;
  readonly policy: EvidencePolicy;
  readonly registeredComposeHashes: readonly string[];
}

/** Whether the relying party accepts the measured compose itself, in its policy or through the registry. */
function isAcceptedCompose({ composeHash, policy, registeredComposeHashes }: ProvenanceInput): boolean {
  if (composeHash === null) return false;
  return (
    policy.composeHashes?.includes(composeHash) === true ||
    (policy.acceptRegisteredComposeHashes && registeredComposeHashes.includes(composeHash))
  );
}

/**
 * aci/1 section 9.1, checks 4 and 5. What the report says of its source counts only as far as the measured compose
 * confirms it. Custody follows from the program: an accepted dcml enclave makes its keys at boot, in memory.
 */
export function provenanceClaims(input: ProvenanceInput): Claim[] {
  const accepted = isAcceptedCompose(input);
  // A policy that takes any program waives the check: it is not passed, but it does not hold up the verdict.
  const unknown = (name: string, reason: string): Claim =>
    input.policy.composeHashes === null
      ? optional(claim(name, 'unknown', reason))
      : claim(name, 'unknown', reason);
  const custody = accepted
    ? claim('key_custody', 'pass', 'the accepted program makes its keys at boot and keeps them in memory')
    : unknown('key_custody', 'the program that holds the keys is not one that the policy names');
  const imageDigest = input.provenance?.imageDigest ?? null;
  if (imageDigest !== null && input.measuredCompose?.includes(imageDigest) === false) {
    return [
      claim('source_provenance', 'fail', `the measured compose does not name image ${imageDigest}`),
      custody,
    ];
  }
  // That a compose names an image is not enough: only an accepted compose says that it runs it.
  const source = accepted
    ? claim('source_provenance', 'pass', 'the policy names the measured compose')
    : unknown('source_provenance', 'no measurement that the policy names confirms the source');
  return [source, custody];
}
