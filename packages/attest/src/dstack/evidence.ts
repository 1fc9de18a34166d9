import type { IntelCollateral } from '../intel/collateral-types.ts';

/** One entry of a dstack event log: what was extended into which runtime register. */
export interface RuntimeEvent {
  readonly imr: number;
  readonly eventType: number;
  /** SHA-384 as lowercase hex. */
  readonly digest: string;
  readonly event: string;
  /** Lowercase hex. */
  readonly eventPayload: string;
}

/** Evidence of a dstack guest: a TDX quote and what explains its registers. */
export interface DstackTdxEvidence {
  readonly kind: 'dstack-tdx';
  readonly quote: Uint8Array;
  readonly eventLog: readonly RuntimeEvent[];
  /** The exact text whose SHA-256 is the `compose-hash` event. */
  readonly appCompose: string;
  readonly collateral: IntelCollateral;
}
