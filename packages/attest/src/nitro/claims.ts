import type { ClaimPlan, ClaimSheet } from '../claim-sheet.ts';

export type NitroClaimName =
  | 'document_format'
  | 'trusted_root'
  | 'certificate_chain'
  | 'certificates_not_revoked'
  | 'document_signature'
  | 'document_fresh'
  | 'not_debug'
  | 'pcrs_accepted';

/** All claims about a Nitro document, in the order in which they build on each other. */
export const nitroClaimPlan: ClaimPlan<NitroClaimName> = [
  ['document_format', 'verifier_derived'],
  ['trusted_root', 'verifier_derived'],
  ['certificate_chain', 'verifier_derived'],
  ['certificates_not_revoked', 'provider_asserted'],
  ['document_signature', 'hardware_proven'],
  ['document_fresh', 'hardware_proven'],
  ['not_debug', 'hardware_proven'],
  ['pcrs_accepted', 'hardware_proven'],
];

/** A sheet that has at least the claims about a Nitro document. */
export type NitroSheet = Pick<ClaimSheet<NitroClaimName>, 'check' | 'waive' | 'leaveOpen'>;
