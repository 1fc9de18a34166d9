import { toHex } from '@dcml/core';
import { appraiseCompose } from '../appraise-compose.ts';
import { attempt, type ClaimPlan, ClaimSheet } from '../claim-sheet.ts';
import {
  appraiseKind,
  appraisePlatform,
  type CommonClaimName,
  commonClaimPlan,
  kindClaimPlan,
} from '../common-claims.ts';
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import { type TdxClaimName, tdxClaimPlan } from '../tdx/claims.ts';
import { type JudgedTdx, judgeTdx } from '../tdx/judge-tdx.ts';
import { type TpmQuoteClaimName, tpmFormatPlan, tpmQuotePlan } from '../tpm/claims.ts';
import type { VerifyEvidenceOptions } from '../verify-context.ts';
import { type HclClaimName, hclFormatPlan, runtimePlan } from './claims.ts';
import type { AzureTdxEvidence } from './evidence.ts';
import { judgeVtpm, readAzureParts } from './judge-vtpm.ts';
import type { AzureTdxMeasurements, TdFacts } from './measurements.ts';
import { HARDWARE_REPORT_OFFSET } from './parse-hcl-report.ts';
import { tdReportProblem } from './td-report.ts';

type ClaimName =
  | CommonClaimName
  | HclClaimName
  | TdxClaimName
  | TpmQuoteClaimName
  | 'td_report_quoted'
  | 'compose_accepted';

const plan: ClaimPlan<ClaimName> = [
  ...kindClaimPlan,
  ...hclFormatPlan,
  ...tpmFormatPlan,
  ...tdxClaimPlan,
  ['td_report_quoted', 'hardware_proven'],
  ...runtimePlan,
  ...tpmQuotePlan,
  ...commonClaimPlan,
  ['compose_accepted', 'hardware_proven'],
];

function tdFacts({ quote, pck, tcb }: JudgedTdx): TdFacts {
  return {
    mrTd: toHex(quote.body.mrTd),
    rtmrs: quote.body.rtmrs.map((rtmr) => toHex(rtmr)),
    tcbStatus: tcb?.status ?? null,
    advisories: tcb?.advisories ?? [],
    fmspc: pck.fmspc,
  };
}

async function judge(
  sheet: ClaimSheet<ClaimName>,
  evidence: AzureTdxEvidence,
  options: VerifyEvidenceOptions,
): Promise<{ measured: AzureTdxMeasurements | null; simulated: boolean }> {
  const { policy, registeredComposeHashes } = options;
  if (!appraiseKind(sheet, evidence.kind, policy)) return { measured: null, simulated: true };
  const parts = readAzureParts(sheet, evidence, 'tdx');
  if (parts === undefined) return { measured: null, simulated: true };
  const { simulated, judged } = await judgeTdx(sheet, evidence.quote, evidence.collateral, options);
  if (judged === undefined) return { measured: null, simulated };
  const { body } = judged.quote;
  const platformId = judged.pck.ppid;
  appraisePlatform(sheet, [platformId], policy);
  const compared = attempt(() => tdReportProblem(parts.report.hardwareReport, body));
  sheet.check(
    'td_report_quoted',
    compared.problem ?? compared.value,
    'the quote was made of the TD report that the paravisor handed out',
    [{ part: 'hclReport', offset: HARDWARE_REPORT_OFFSET, length: 1024 }],
  );
  const vtpm = await judgeVtpm(sheet, parts, body.reportData, evidence.eventLog, options);
  // A vTPM proves no application: a policy that asks for one stays unanswered.
  appraiseCompose(sheet, undefined, policy, registeredComposeHashes ?? []);
  if (vtpm === undefined) return { measured: null, simulated };
  const measured = {
    kind: 'azure-tdx',
    platformId,
    composeHash: null,
    ...vtpm,
    tdx: tdFacts(judged),
  } as const;
  return { measured, simulated };
}

/** Verifies an Azure confidential VM on TDX: TD quote, paravisor's runtime data, vTPM quote. */
export async function verifyAzureTdx(
  evidence: AzureTdxEvidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<ClaimName>(plan);
  const { measured, simulated } = await judge(sheet, evidence, options);
  return { ...sheet.conclude(simulated), measured };
}
