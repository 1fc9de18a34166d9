import type { ClaimSheet } from './claim-sheet.ts';
import type { EvidencePolicy } from './policy/policy.ts';

/** Judges which application runs, by the measured compose hash (undefined: the evidence shows none). */
export function appraiseCompose(
  sheet: Pick<ClaimSheet<'compose_accepted'>, 'check' | 'waive' | 'leaveOpen'>,
  composeHash: string | undefined,
  policy: EvidencePolicy,
  registeredComposeHashes: readonly string[],
): void {
  if (policy.composeHashes === null) {
    sheet.waive('compose_accepted', 'the policy accepts any application');
    return;
  }
  if (composeHash === undefined) {
    sheet.leaveOpen('compose_accepted', 'no application compose was proven; the policy asks for one');
    return;
  }
  const inPolicy = policy.composeHashes.includes(composeHash);
  const isRegistered = policy.acceptRegisteredComposeHashes && registeredComposeHashes.includes(composeHash);
  sheet.check(
    'compose_accepted',
    inPolicy || isRegistered
      ? undefined
      : `compose ${composeHash} is neither in the policy nor registered for it`,
    inPolicy ? 'the compose is in the policy' : "the compose is registered by the model's creator",
  );
}
