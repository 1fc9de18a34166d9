import type { CommonMeasurements } from '../measurements.ts';
import type { TcbStatus } from '../policy/intel-policy.ts';

/** Byte strings as lowercase hex. */
export interface SgxMeasurements extends CommonMeasurements {
  readonly kind: 'sgx';
  readonly mrEnclave: string;
  readonly mrSigner: string;
  readonly isvProdId: number;
  readonly isvSvn: number;
  /** Null unless the collateral is authentic and covers the platform. */
  readonly tcbStatus: TcbStatus | null;
  readonly advisories: readonly string[];
  readonly fmspc: string;
}
