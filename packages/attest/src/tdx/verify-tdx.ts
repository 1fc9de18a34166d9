import { toHex } from '@dcml/core';
import { appraiseCompose } from '../appraise-compose.ts';
import {
  appraiseGuestImage,
  appraiseImageDigest,
  type ImageClaimName,
  imageClaimPlan,
} from '../appraise-image.ts';
import { type ClaimPlan, ClaimSheet } from '../claim-sheet.ts';
import {
  appraiseKind,
  appraisePlatform,
  appraiseReportData,
  type CommonClaimName,
  commonClaimPlan,
  kindClaimPlan,
} from '../common-claims.ts';
import {
  appraiseDstack,
  type DstackClaimName,
  type DstackGuest,
  dstackClaimPlan,
} from '../dstack/appraise.ts';
import type { DstackTdxEvidence } from '../dstack/evidence.ts';
import { replayCcEventLog } from '../event-log/cc-event-log.ts';
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import type { VerifyEvidenceOptions } from '../verify-context.ts';
import { type TdxClaimName, tdxClaimPlan } from './claims.ts';
import { appraiseConfigId } from './compose-config-id.ts';
import type { TdxEvidence } from './evidence.ts';
import { judgeTdx } from './judge-tdx.ts';
import type { TdxMeasurements } from './measurements.ts';
import { tdFieldRange } from './parse-quote.ts';
import type { TdxQuote } from './quote.ts';

type ClaimName =
  | CommonClaimName
  | TdxClaimName
  | DstackClaimName
  | ImageClaimName
  | 'cc_event_log'
  | 'compose_accepted';

/** What only some evidence has, and so only some verdicts judge. */
function partsPlan(evidence: TdxEvidence | DstackTdxEvidence): ClaimPlan<ClaimName> {
  if (evidence.kind === 'dstack-tdx') return dstackClaimPlan;
  return [
    ...(evidence.ccEventLog === undefined ? [] : ([['cc_event_log', 'hardware_proven']] as const)),
    ...(evidence.appCompose === undefined ? [] : ([['compose_hash', 'hardware_proven']] as const)),
  ];
}

function planOf(evidence: TdxEvidence | DstackTdxEvidence): ClaimPlan<ClaimName> {
  return [
    ...kindClaimPlan,
    ...tdxClaimPlan,
    ...commonClaimPlan,
    ...partsPlan(evidence),
    ...imageClaimPlan,
    ['compose_accepted', 'hardware_proven'],
  ];
}

function appraiseCcEventLog(sheet: ClaimSheet<ClaimName>, quote: TdxQuote, log: Uint8Array): void {
  const { problem, events } = replayCcEventLog(log, quote.body.rtmrs);
  const registers = ([0, 1, 2, 3] as const).map((i) => tdFieldRange(quote, `rtmr${i}`));
  sheet.check('cc_event_log', problem, `${events} events replay to RTMR0-3 of the quote`, registers);
}

/** Judges what comes beside the quote: which application was measured, if that is proven. */
function appraiseParts(
  sheet: ClaimSheet<ClaimName>,
  evidence: TdxEvidence | DstackTdxEvidence,
  quote: TdxQuote,
): Partial<DstackGuest> {
  if (evidence.kind === 'dstack-tdx') return appraiseDstack(sheet, evidence, quote) ?? {};
  if (evidence.ccEventLog !== undefined) appraiseCcEventLog(sheet, quote, evidence.ccEventLog);
  if (evidence.appCompose === undefined) return {};
  const composeHash = appraiseConfigId(sheet, quote, evidence.appCompose);
  return composeHash === undefined ? {} : { composeHash };
}

async function judge(
  sheet: ClaimSheet<ClaimName>,
  evidence: TdxEvidence | DstackTdxEvidence,
  options: VerifyEvidenceOptions,
): Promise<{ measured: TdxMeasurements | null; simulated: boolean }> {
  const { policy } = options;
  if (!appraiseKind(sheet, evidence.kind, policy)) return { measured: null, simulated: true };
  const { simulated, judged } = await judgeTdx(sheet, evidence.quote, evidence.collateral, options);
  if (judged === undefined) return { measured: null, simulated };
  const { quote, pck, tcb } = judged;
  appraisePlatform(sheet, [pck.ppid], policy);
  appraiseReportData(sheet, quote.body.reportData, options.expectedReportData, [
    tdFieldRange(quote, 'reportData'),
  ]);
  const { composeHash, imageDigest } = appraiseParts(sheet, evidence, quote);
  const { mrTds, rtmrs } = policy.intel;
  // RTMR0 holds the machine's configuration and differs with it; RTMR1 and 2 are kernel, initial file system, arguments.
  const isPinned = mrTds !== null && rtmrs[1] !== null && rtmrs[2] !== null;
  appraiseGuestImage(sheet, isPinned, 'MRTD, RTMR1 and RTMR2', policy);
  appraiseImageDigest(sheet, imageDigest, policy);
  appraiseCompose(sheet, composeHash, policy, options.registeredComposeHashes ?? []);
  const measured: TdxMeasurements = {
    kind: evidence.kind,
    mrTd: toHex(quote.body.mrTd),
    rtmrs: quote.body.rtmrs.map((rtmr) => toHex(rtmr)),
    reportData: toHex(quote.body.reportData),
    composeHash: composeHash ?? null,
    tcbStatus: tcb?.status ?? null,
    advisories: tcb?.advisories ?? [],
    fmspc: pck.fmspc,
    platformId: pck.ppid,
  };
  return { measured, simulated };
}

/** Verifies a TDX quote, with or without the event log of a dstack guest. */
export async function verifyTdx(
  evidence: TdxEvidence | DstackTdxEvidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<ClaimName>(planOf(evidence));
  const { measured, simulated } = await judge(sheet, evidence, options);
  return { ...sheet.conclude(simulated), measured };
}
