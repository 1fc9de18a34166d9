import type { IntelCollateral } from '../intel/collateral-types.ts';
import type { SnpCollateral } from '../snp/evidence.ts';
import type { TpmQuote } from '../tpm/evidence.ts';

/**
 * An Azure confidential VM: the paravisor's report holds the hardware report and the runtime data (JSON with the
 * attestation key of the vTPM) whose hash the hardware report binds; the vTPM's quote binds the guest's data.
 */
interface AzureVtpm {
  /** The HCL report as read from the vTPM's NV index. */
  readonly hclReport: Uint8Array;
  readonly tpmQuote: TpmQuote;
  /** The TCG event log, replayed when present. */
  readonly eventLog?: Uint8Array;
}

export interface AzureSnpEvidence extends AzureVtpm {
  readonly kind: 'azure-snp';
  readonly collateral: SnpCollateral;
}

export interface AzureTdxEvidence extends AzureVtpm {
  readonly kind: 'azure-tdx';
  /** The TD quote that the host made of the TD report inside the HCL report. */
  readonly quote: Uint8Array;
  readonly collateral: IntelCollateral;
}
