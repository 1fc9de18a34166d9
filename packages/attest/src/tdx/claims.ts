import type { ClaimPlan, ClaimSheet } from '../claim-sheet.ts';

export type TdxClaimName =
  | 'quote_format'
  | 'trusted_root'
  | 'pck_chain'
  | 'root_crl'
  | 'pck_crl'
  | 'pck_not_revoked'
  | 'qe_report_signature'
  | 'attestation_key_bound'
  | 'quote_signature'
  | 'tcb_info'
  | 'qe_identity'
  | 'tcb_evaluation'
  | 'qe_trusted'
  | 'tdx_module'
  | 'tcb_level'
  | 'tcb_status_accepted'
  | 'advisories_accepted'
  | 'td_attributes'
  | 'td_xfam'
  | 'mr_td_accepted';

/** All claims about a TDX quote, in the order in which they build on each other. */
export const tdxClaimPlan: ClaimPlan<TdxClaimName> = [
  ['quote_format', 'verifier_derived'],
  ['trusted_root', 'verifier_derived'],
  ['pck_chain', 'verifier_derived'],
  ['root_crl', 'verifier_derived'],
  ['pck_crl', 'verifier_derived'],
  ['pck_not_revoked', 'verifier_derived'],
  ['qe_report_signature', 'hardware_proven'],
  ['attestation_key_bound', 'hardware_proven'],
  ['quote_signature', 'hardware_proven'],
  ['tcb_info', 'verifier_derived'],
  ['qe_identity', 'verifier_derived'],
  ['tcb_evaluation', 'verifier_derived'],
  ['qe_trusted', 'hardware_proven'],
  ['tdx_module', 'hardware_proven'],
  ['tcb_level', 'hardware_proven'],
  ['tcb_status_accepted', 'hardware_proven'],
  ['advisories_accepted', 'hardware_proven'],
  ['td_attributes', 'hardware_proven'],
  ['td_xfam', 'hardware_proven'],
  ['mr_td_accepted', 'hardware_proven'],
];

/** A sheet that has at least the TDX claims. */
export type TdxSheet = Pick<ClaimSheet<TdxClaimName>, 'check' | 'waive' | 'leaveOpen'>;
