import type { ClaimPlan } from '../claim-sheet.ts';
import {
  type IntelClaimName,
  intelClaimPlan,
  type SheetOf,
  type TcbClaimName,
  tcbClaimPlan,
} from '../intel/claims.ts';

export type TdxClaimName =
  | IntelClaimName
  | TcbClaimName
  | 'tdx_module'
  | 'td_attributes'
  | 'td_xfam'
  | 'mr_service_td'
  | 'mr_td_accepted'
  | 'rtmrs_accepted';

/** All claims about a TDX quote, in the order in which they build on each other. */
export const tdxClaimPlan: ClaimPlan<TdxClaimName> = [
  ...intelClaimPlan,
  ['tdx_module', 'hardware_proven'],
  ...tcbClaimPlan,
  ['td_attributes', 'hardware_proven'],
  ['td_xfam', 'hardware_proven'],
  ['mr_service_td', 'hardware_proven'],
  ['mr_td_accepted', 'hardware_proven'],
  ['rtmrs_accepted', 'hardware_proven'],
];

/** A sheet that has at least the TDX claims. */
export type TdxSheet = SheetOf<TdxClaimName>;
