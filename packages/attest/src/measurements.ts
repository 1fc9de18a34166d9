import type { TcbStatus } from './policy/intel-policy.ts';
import type { SnpMeasurements } from './snp/measurements.ts';
import type { TpmMeasurements } from './tpm/measurements.ts';

/** What every kind of evidence says about the machine and its user. Byte strings as lowercase hex. */
export interface CommonMeasurements {
  /** Names the machine: PPID, chip id, device serial …; null where the evidence names none. */
  readonly platformId: string | null;
  /** What the evidence binds for its user: report data, nonce, qualifying data. */
  readonly reportData: string | null;
  /** Null unless the evidence proves which application compose runs. */
  readonly composeHash: string | null;
}

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

/** What authentic evidence measured. */
export type Measurements = TdxMeasurements | SnpMeasurements | TpmMeasurements;
