import type { IntelCollateral } from '../intel/collateral-types.ts';

/** An Intel SGX ECDSA quote, version 3. */
export interface SgxEvidence {
  readonly kind: 'sgx';
  readonly quote: Uint8Array;
  readonly collateral: IntelCollateral;
}
