import type { ClaimPlan, ClaimSheet } from '../claim-sheet.ts';

export type NrasClaimName =
  | 'token_format'
  | 'token_signature'
  | 'key_trusted'
  | 'token_current'
  | 'issuer_accepted'
  | 'devices_bound'
  | 'overall_result'
  | 'device_results'
  | 'devices_distinct'
  | 'device_count'
  | 'architecture_accepted'
  | 'driver_accepted';

/** All claims about tokens of NVIDIA's attestation service: its word, whoever signed for it. */
export const nrasClaimPlan: ClaimPlan<NrasClaimName | 'platform_accepted' | 'report_data_bound'> = [
  ['token_format', 'provider_asserted'],
  ['token_signature', 'provider_asserted'],
  ['key_trusted', 'provider_asserted'],
  ['token_current', 'provider_asserted'],
  ['issuer_accepted', 'provider_asserted'],
  ['devices_bound', 'provider_asserted'],
  ['overall_result', 'provider_asserted'],
  ['device_results', 'provider_asserted'],
  ['devices_distinct', 'provider_asserted'],
  ['device_count', 'provider_asserted'],
  ['architecture_accepted', 'provider_asserted'],
  ['driver_accepted', 'provider_asserted'],
  ['platform_accepted', 'provider_asserted'],
  ['report_data_bound', 'provider_asserted'],
];

/** A sheet that has at least the claims about tokens. */
export type NrasSheet = Pick<ClaimSheet<NrasClaimName>, 'check' | 'waive' | 'leaveOpen'>;
