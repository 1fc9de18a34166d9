import type { Claim, EvidencePolicy } from '@dcml/attest';
import { claim } from './claims.ts';
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
  const custody = accepted
    ? claim('key_custody', 'pass', 'the accepted program makes its keys at boot and keeps them in memory')
    : claim('key_custody', 'unknown', 'the program that holds the keys is not one that the policy names');
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
    : claim('source_provenance', 'unknown', 'no measurement confirms where the program comes from');
  return [source, custody];
}
