import type { ClaimPlan, ClaimSheet } from './claim-sheet.ts';
import type { EvidencePolicy } from './policy/policy.ts';

export type ImageClaimName = 'guest_image_accepted' | 'image_digest_accepted';

export const imageClaimPlan: ClaimPlan<ImageClaimName> = [
  ['guest_image_accepted', 'hardware_proven'],
  ['image_digest_accepted', 'hardware_proven'],
];

type Sheet = Pick<ClaimSheet<ImageClaimName>, 'check' | 'waive' | 'leaveOpen'>;

/**
 * Judges whether the policy knows what booted. Which application runs is what the guest says of itself: RTMR3 is
 * extended by the guest, MRCONFIGID and HOST_DATA are set by the host. It counts only in a guest image that is known
 * to tell it truly. `isPinned`: the policy names the measurements of the boot, and other claims compared them.
 */
export function appraiseGuestImage(
  sheet: Sheet,
  isPinned: boolean,
  members: string,
  { composeHashes }: EvidencePolicy,
): void {
  if (isPinned) {
    sheet.check('guest_image_accepted', undefined, `${members} are in the policy`);
  } else if (composeHashes === null) {
    sheet.waive('guest_image_accepted', 'the policy accepts any application, in any guest image');
  } else {
    sheet.leaveOpen(
      'guest_image_accepted',
      `any guest image can claim any application: the policy has to name ${members}`,
    );
  }
}

/** Compares the image digest that the guest measured (lowercase hex; undefined: this evidence has none). */
export function appraiseImageDigest(
  sheet: Sheet,
  digest: string | undefined,
  { imageDigests }: EvidencePolicy,
): void {
  if (imageDigests === null) {
    sheet.waive('image_digest_accepted', 'the policy accepts any image digest');
  } else if (digest === undefined) {
    sheet.leaveOpen(
      'image_digest_accepted',
      'the evidence measures no image digest; the policy asks for one',
    );
  } else {
    const problem = imageDigests.includes(digest) ? undefined : `image ${digest} is not in the policy`;
    sheet.check('image_digest_accepted', problem, `image ${digest} is in the policy`);
  }
}
