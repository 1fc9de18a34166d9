import type { IntelCollateral } from '../intel/collateral-types.ts';

/** An Intel SGX ECDSA quote, version 3. */
export interface SgxEvidence {
  readonly kind: 'sgx';
  readonly quote: Uint8Array;
  /** For SGX: TCB info `SGX` and QE identity `QE`; or what `prepareIntelCollateral` made of it. */
  readonly collateral: IntelCollateral;
}
