import type { CommonMeasurements } from '../measurements.ts';
import type { TcbStatus } from '../policy/intel-policy.ts';

export interface TdxMeasurements extends CommonMeasurements {
  readonly kind: 'tdx' | 'dstack-tdx';
  readonly mrTd: string;
  /** RTMR0 to RTMR3. */
  readonly rtmrs: readonly string[];
  /** Null unless the collateral is authentic and covers the platform. */
  readonly tcbStatus: TcbStatus | null;
  readonly advisories: readonly string[];
  readonly fmspc: string;
}
