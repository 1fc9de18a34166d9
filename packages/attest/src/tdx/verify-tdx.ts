import { toHex } from '@dcml/core';
import { appraiseCompose } from '../appraise-compose.ts';
import { attempt, type ClaimPlan, ClaimSheet } from '../claim-sheet.ts';
import {
  appraiseKind,
  appraisePlatform,
  appraiseReportData,
  type CommonClaimName,
  commonClaimPlan,
  kindClaimPlan,
} from '../common-claims.ts';
import { appraiseDstack, type DstackClaimName, dstackClaimPlan } from '../dstack/appraise.ts';
import type { DstackTdxEvidence } from '../dstack/evidence.ts';
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import type { Measurements } from '../measurements.ts';
import { isVendorRoot } from '../vendor-roots/vendor-roots.ts';
import { policyRoots, type VerifyEvidenceOptions } from '../verify-context.ts';
import { appraiseTcb } from './appraise-tcb.ts';
import { appraiseTd } from './appraise-td.ts';
import { authenticateDocuments } from './authenticate-documents.ts';
import { authenticatePlatform, parsePckChain } from './authenticate-platform.ts';
import { authenticateQuote } from './authenticate-quote.ts';
import { type TdxClaimName, tdxClaimPlan } from './claims.ts';
import type { TdxEvidence } from './evidence.ts';
import { parseTdxQuote } from './parse-quote.ts';

const REPORT_DATA_OFFSET = 48 + 520;

type ClaimName = CommonClaimName | TdxClaimName | DstackClaimName | 'compose_accepted';

const tdxPlan: ClaimPlan<ClaimName> = [
  ...kindClaimPlan,
  ...tdxClaimPlan,
  ...commonClaimPlan,
  ['compose_accepted', 'hardware_proven'],
];
const dstackPlan: ClaimPlan<ClaimName> = [
  ...kindClaimPlan,
  ...tdxClaimPlan,
  ...commonClaimPlan,
  ...dstackClaimPlan,
  ['compose_accepted', 'hardware_proven'],
];

async function judge(
  sheet: ClaimSheet<ClaimName>,
  evidence: TdxEvidence | DstackTdxEvidence,
  options: VerifyEvidenceOptions,
): Promise<{ measured: Measurements | null; simulated: boolean }> {
  const { policy, nowMs } = options;
  if (!appraiseKind(sheet, evidence.kind, policy)) return { measured: null, simulated: true };
  const roots = policyRoots(policy, 'intel');
  const parsed = attempt(() => {
    // A copy: nobody can change the bytes between two checks.
    const quote = parseTdxQuote(Uint8Array.from(evidence.quote));
    return { quote, chain: parsePckChain(quote.pckChainPem) };
  });
  const problem = parsed.value === undefined ? parsed.problem : undefined;
  const isReadable = sheet.check('quote_format', problem, 'TDX quote version 4 with its PCK chain');
  if (!isReadable || parsed.value === undefined) return { measured: null, simulated: true };
  const { quote, chain } = parsed.value;
  const simulated = !isVendorRoot(chain[2].der, 'intel');

  const { collateral } = evidence;
  const platform = await authenticatePlatform(sheet, chain, collateral, roots, nowMs);
  if (platform === undefined) return { measured: null, simulated };
  if (!(await authenticateQuote(sheet, quote, platform.pckCertificate))) return { measured: null, simulated };

  const minimum = policy.intel.minTcbEvaluationDataNumber ?? 0;
  const documents = await authenticateDocuments(sheet, platform, collateral, minimum, nowMs);
  const tcb =
    documents === undefined ? undefined : appraiseTcb(sheet, quote, platform.pck, documents, policy);
  appraiseTd(sheet, quote.body, policy);
  appraisePlatform(sheet, [platform.pck.ppid], policy);
  appraiseReportData(sheet, quote.body.reportData, options.expectedReportData, [
    { part: 'quote', offset: REPORT_DATA_OFFSET, length: 64 },
  ]);
  const composeHash =
    evidence.kind === 'dstack-tdx' ? appraiseDstack(sheet, evidence, quote.body) : undefined;
  appraiseCompose(sheet, composeHash, policy, options.registeredComposeHashes ?? []);
  const measured: Measurements = {
    kind: evidence.kind,
    mrTd: toHex(quote.body.mrTd),
    rtmrs: quote.body.rtmrs.map((rtmr) => toHex(rtmr)),
    reportData: toHex(quote.body.reportData),
    composeHash: composeHash ?? null,
    tcbStatus: tcb?.status ?? null,
    advisories: tcb?.advisories ?? [],
    fmspc: platform.pck.fmspc,
    platformId: platform.pck.ppid,
  };
  return { measured, simulated };
}

/** Verifies a TDX quote, with or without the event log of a dstack guest. */
export async function verifyTdx(
  evidence: TdxEvidence | DstackTdxEvidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<ClaimName>(evidence.kind === 'dstack-tdx' ? dstackPlan : tdxPlan);
  const { measured, simulated } = await judge(sheet, evidence, options);
  return { ...sheet.conclude(simulated), measured };
}
