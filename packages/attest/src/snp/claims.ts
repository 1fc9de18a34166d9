import type { ClaimPlan, ClaimSheet } from '../claim-sheet.ts';

export type SnpClaimName =
  | 'report_format'
  | 'endorsement_format'
  | 'trusted_root'
  | 'endorsement_chain'
  | 'crl'
  | 'revocation'
  | 'signing_key'
  | 'report_signature'
  | 'certified_tcb'
  | 'certified_processor'
  | 'product_accepted'
  | 'endorsement_accepted'
  | 'tcb_order'
  | 'tcb_accepted'
  | 'guest_policy'
  | 'vmpl_accepted'
  | 'author_key'
  | 'launch_digest_accepted'
  | 'host_data_accepted';

/** All claims about an SNP report, in the order in which they build on each other. */
export const snpClaimPlan: ClaimPlan<SnpClaimName> = [
  ['report_format', 'verifier_derived'],
  ['endorsement_format', 'verifier_derived'],
  ['trusted_root', 'verifier_derived'],
  ['endorsement_chain', 'verifier_derived'],
  ['crl', 'verifier_derived'],
  ['revocation', 'verifier_derived'],
  ['signing_key', 'hardware_proven'],
  ['report_signature', 'hardware_proven'],
  ['certified_tcb', 'hardware_proven'],
  ['certified_processor', 'hardware_proven'],
  ['product_accepted', 'hardware_proven'],
  ['endorsement_accepted', 'hardware_proven'],
  ['tcb_order', 'hardware_proven'],
  ['tcb_accepted', 'hardware_proven'],
  ['guest_policy', 'hardware_proven'],
  ['vmpl_accepted', 'hardware_proven'],
  ['author_key', 'hardware_proven'],
  ['launch_digest_accepted', 'hardware_proven'],
  ['host_data_accepted', 'hardware_proven'],
];

/** A sheet that has at least the SNP claims. */
export type SnpSheet = Pick<ClaimSheet<SnpClaimName>, 'check' | 'waive' | 'leaveOpen'>;
