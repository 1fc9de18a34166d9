import type { IntelCollateral } from '../intel/collateral-types.ts';

/** An Intel TDX quote, version 4 or 5. What its firmware and registers mean is for the policy to know. */
export interface TdxEvidence {
  readonly kind: 'tdx';
  readonly quote: Uint8Array;
  /** The guest's CC event log (the ACPI table's log area), replayed against RTMR0-3 when present. */
  readonly ccEventLog?: Uint8Array;
  /** The exact text of an application compose whose hash MRCONFIGID must carry, when present. */
  readonly appCompose?: string;
  /** Or what `prepareIntelCollateral` made of it. */
  readonly collateral: IntelCollateral;
}
