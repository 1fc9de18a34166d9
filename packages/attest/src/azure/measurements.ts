import type { CommonMeasurements } from '../measurements.ts';
import type { SnpFacts } from '../snp/measurements.ts';
import type { TdxMeasurements } from '../tdx/measurements.ts';
import type { QuotedState } from '../tpm/measurements.ts';
import type { VmSetting } from './runtime-claims.ts';

/** What the paravisor and its vTPM say. Byte strings as lowercase hex. */
export interface VtpmFacts {
  readonly tpm: QuotedState;
  readonly vmConfiguration: Readonly<Record<string, VmSetting>>;
  readonly userData: string | null;
}

/** `reportData` is the vTPM quote's qualifying data; launch digest and host data are the paravisor's. */
export interface AzureSnpMeasurements extends CommonMeasurements, VtpmFacts {
  readonly kind: 'azure-snp';
  readonly snp: SnpFacts;
}

/** What the TD report says; MRTD is the paravisor's. */
export type TdFacts = Pick<TdxMeasurements, 'mrTd' | 'rtmrs' | 'tcbStatus' | 'advisories' | 'fmspc'>;

export interface AzureTdxMeasurements extends CommonMeasurements, VtpmFacts {
  readonly kind: 'azure-tdx';
  readonly tdx: TdFacts;
}
