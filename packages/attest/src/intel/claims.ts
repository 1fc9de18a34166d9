import type { ClaimPlan, ClaimSheet } from '../claim-sheet.ts';

/** Claims about any quote of Intel's, up to the quoting enclave. */
export type IntelClaimName =
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
  | 'qe_trusted';

/** Claims about the patch level, common to TDX and SGX. */
export type TcbClaimName = 'tcb_level' | 'tcb_status_accepted' | 'advisories_accepted';

/** In the order in which they build on each other. */
export const intelClaimPlan: ClaimPlan<IntelClaimName> = [
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
];

export const tcbClaimPlan: ClaimPlan<TcbClaimName> = [
  ['tcb_level', 'hardware_proven'],
  ['tcb_status_accepted', 'hardware_proven'],
  ['advisories_accepted', 'hardware_proven'],
];

export type SheetOf<Name extends string> = Pick<ClaimSheet<Name>, 'check' | 'waive' | 'leaveOpen'>;

/** A sheet that has at least Intel's claims. */
export type IntelSheet = SheetOf<IntelClaimName | TcbClaimName>;
