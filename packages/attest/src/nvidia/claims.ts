import type { ClaimPlan, ClaimSheet } from '../claim-sheet.ts';

export type NvidiaClaimName =
  | 'report_format'
  | 'trusted_root'
  | 'device_chain'
  | 'device_not_revoked'
  | 'report_signature'
  | 'firmware_bound'
  | 'one_nonce'
  | 'devices_distinct'
  | 'device_count'
  | 'architecture_accepted'
  | 'driver_accepted'
  | 'confidential_mode'
  | 'topology_consistent'
  | 'rims_authentic'
  | 'rims_not_revoked'
  | 'measurements_match'
  | 'debug_disabled';

/** All claims about a set of NVIDIA devices, each about all of them, in the order in which they build on each other. */
export const nvidiaClaimPlan: ClaimPlan<NvidiaClaimName> = [
  ['report_format', 'verifier_derived'],
  ['trusted_root', 'verifier_derived'],
  ['device_chain', 'verifier_derived'],
  ['report_signature', 'hardware_proven'],
  ['device_not_revoked', 'verifier_derived'],
  ['firmware_bound', 'hardware_proven'],
  ['one_nonce', 'hardware_proven'],
  ['devices_distinct', 'hardware_proven'],
  ['device_count', 'hardware_proven'],
  ['architecture_accepted', 'hardware_proven'],
  ['driver_accepted', 'hardware_proven'],
  ['confidential_mode', 'hardware_proven'],
  ['topology_consistent', 'hardware_proven'],
  ['rims_authentic', 'verifier_derived'],
  ['rims_not_revoked', 'verifier_derived'],
  ['measurements_match', 'hardware_proven'],
  ['debug_disabled', 'hardware_proven'],
];

/** A sheet that has at least the claims about NVIDIA devices. */
export type NvidiaSheet = Pick<ClaimSheet<NvidiaClaimName>, 'check' | 'waive' | 'leaveOpen'>;
