import { appraiseCompose } from '../appraise-compose.ts';
import { type ClaimPlan, ClaimSheet } from '../claim-sheet.ts';
import {
  appraiseKind,
  appraisePlatform,
  type CommonClaimName,
  commonClaimPlan,
  kindClaimPlan,
} from '../common-claims.ts';
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import { type SnpClaimName, snpClaimPlan } from '../snp/claims.ts';
import { judgeSnp } from '../snp/judge-snp.ts';
import { measureSnp } from '../snp/measurements.ts';
import { type TpmQuoteClaimName, tpmFormatPlan, tpmQuotePlan } from '../tpm/claims.ts';
import type { VerifyEvidenceOptions } from '../verify-context.ts';
import { type HclClaimName, hclFormatPlan, runtimePlan } from './claims.ts';
import type { AzureSnpEvidence } from './evidence.ts';
import { judgeVtpm, readAzureParts } from './judge-vtpm.ts';
import type { AzureSnpMeasurements } from './measurements.ts';

type ClaimName = CommonClaimName | HclClaimName | SnpClaimName | TpmQuoteClaimName | 'compose_accepted';

const plan: ClaimPlan<ClaimName> = [
  ...kindClaimPlan,
  ...hclFormatPlan,
  ...tpmFormatPlan,
  ...snpClaimPlan,
  ...runtimePlan,
  ...tpmQuotePlan,
  ...commonClaimPlan,
  ['compose_accepted', 'hardware_proven'],
];

async function judge(
  sheet: ClaimSheet<ClaimName>,
  evidence: AzureSnpEvidence,
  options: VerifyEvidenceOptions,
): Promise<{ measured: AzureSnpMeasurements | null; simulated: boolean }> {
  const { policy, registeredComposeHashes } = options;
  if (!appraiseKind(sheet, evidence.kind, policy)) return { measured: null, simulated: true };
  const parts = readAzureParts(sheet, evidence, 'snp');
  if (parts === undefined) return { measured: null, simulated: true };
  const { hardwareReport } = parts.report;
  const { authentic, simulated } = await judgeSnp(sheet, hardwareReport, evidence.collateral, options);
  if (authentic === undefined) return { measured: null, simulated };
  const { report, platformId } = authentic;
  appraisePlatform(sheet, platformId === null ? [] : [platformId], policy);
  const vtpm = await judgeVtpm(sheet, parts, report.reportData, evidence.eventLog, options);
  // A vTPM proves no application: a policy that asks for one stays unanswered.
  appraiseCompose(sheet, undefined, policy, registeredComposeHashes ?? []);
  if (vtpm === undefined) return { measured: null, simulated };
  const snp = measureSnp(authentic);
  return { measured: { kind: 'azure-snp', platformId, composeHash: null, ...vtpm, snp }, simulated };
}

/** Verifies an Azure confidential VM on SEV-SNP: hardware report, paravisor's runtime data, vTPM quote. */
export async function verifyAzureSnp(
  evidence: AzureSnpEvidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<ClaimName>(plan);
  const { measured, simulated } = await judge(sheet, evidence, options);
  return { ...sheet.conclude(simulated), measured };
}
