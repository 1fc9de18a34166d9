import type { AzureSnpMeasurements, AzureTdxMeasurements } from './azure/measurements.ts';
import type { NitroMeasurements } from './nitro/measurements.ts';
import type { NrasMeasurements, NvidiaMeasurements } from './nvidia/measurements.ts';
import type { SgxMeasurements } from './sgx/measurements.ts';
import type { SnpMeasurements } from './snp/measurements.ts';
import type { TdxMeasurements } from './tdx/measurements.ts';
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

/** What authentic evidence measured. */
export type Measurements =
  | TdxMeasurements
  | SgxMeasurements
  | SnpMeasurements
  | TpmMeasurements
  | AzureSnpMeasurements
  | AzureTdxMeasurements
  | NitroMeasurements
  | NvidiaMeasurements
  | NrasMeasurements;
