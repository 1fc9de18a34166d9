import type { ClaimPlan } from '../claim-sheet.ts';
import {
  type IntelClaimName,
  intelClaimPlan,
  type SheetOf,
  type TcbClaimName,
  tcbClaimPlan,
} from '../intel/claims.ts';

export type SgxClaimName =
  | IntelClaimName
  | TcbClaimName
  | 'enclave_attributes'
  | 'enclave_xfrm'
  | 'enclave_misc_select'
  | 'mr_enclave_accepted'
  | 'mr_signer_accepted'
  | 'isv_svn_accepted';

/** All claims about an SGX quote, in the order in which they build on each other. */
export const sgxClaimPlan: ClaimPlan<SgxClaimName> = [
  ...intelClaimPlan,
  ...tcbClaimPlan,
  ['enclave_attributes', 'hardware_proven'],
  ['enclave_xfrm', 'hardware_proven'],
  ['enclave_misc_select', 'hardware_proven'],
  ['mr_enclave_accepted', 'hardware_proven'],
  ['mr_signer_accepted', 'hardware_proven'],
  ['isv_svn_accepted', 'hardware_proven'],
];

/** A sheet that has at least the SGX claims. */
export type SgxSheet = SheetOf<SgxClaimName>;
