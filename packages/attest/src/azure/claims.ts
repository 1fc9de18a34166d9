import type { ClaimPlan, ClaimSheet } from '../claim-sheet.ts';
import type { TpmQuoteClaimName } from '../tpm/claims.ts';

export type HclClaimName = 'hcl_report' | 'runtime_data_bound' | 'runtime_keys';

/** What must be readable before anything else. */
export const hclFormatPlan: ClaimPlan<'hcl_report'> = [['hcl_report', 'verifier_derived']];

/** Claims about the runtime data of an authentic hardware report. */
export const runtimePlan: ClaimPlan<'runtime_data_bound' | 'runtime_keys'> = [
  ['runtime_data_bound', 'hardware_proven'],
  ['runtime_keys', 'hardware_proven'],
];

/** A sheet that has at least the claims about paravisor and vTPM. */
export type AzureSheet = Pick<
  ClaimSheet<HclClaimName | TpmQuoteClaimName | 'report_data_bound'>,
  'check' | 'waive' | 'leaveOpen'
>;
