import { encodeUtf8, sha256, toHex } from '@dcml/core';
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
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import type { VerifyEvidenceOptions } from '../verify-context.ts';
import { type SnpClaimName, snpClaimPlan } from './claims.ts';
import type { SnpEvidence } from './evidence.ts';
import { judgeSnp } from './judge-snp.ts';
import { measureSnp, type SnpMeasurements } from './measurements.ts';
import { SNP_REPORT_DATA_OFFSET } from './parse-report.ts';
import type { SnpReport } from './report.ts';

type ClaimName = CommonClaimName | SnpClaimName | ImageClaimName | 'compose_hash' | 'compose_accepted';

const snpPlan: ClaimPlan<ClaimName> = [
  ...kindClaimPlan,
  ...snpClaimPlan,
  ...commonClaimPlan,
  ...imageClaimPlan,
  ['compose_accepted', 'hardware_proven'],
];
const composePlan: ClaimPlan<ClaimName> = [
  ...kindClaimPlan,
  ...snpClaimPlan,
  ...commonClaimPlan,
  ['compose_hash', 'hardware_proven'],
  ...imageClaimPlan,
  ['compose_accepted', 'hardware_proven'],
];

/** The hash of the given compose (lowercase hex) if the guest was launched with it as HOST_DATA. */
function checkCompose(
  sheet: ClaimSheet<ClaimName>,
  report: SnpReport,
  appCompose: string,
): string | undefined {
  const composeHash = toHex(sha256(encodeUtf8(appCompose)));
  const hostData = toHex(report.hostData);
  const problem =
    hostData === composeHash ? undefined : `HOST_DATA is ${hostData}, the given compose has ${composeHash}`;
  const holds = sheet.check(
    'compose_hash',
    problem,
    `HOST_DATA is the hash of the given compose, ${composeHash}`,
    [{ part: 'report', offset: 0xc0, length: 32 }],
  );
  return holds ? composeHash : undefined;
}

async function judge(
  sheet: ClaimSheet<ClaimName>,
  evidence: SnpEvidence,
  options: VerifyEvidenceOptions,
): Promise<{ measured: SnpMeasurements | null; simulated: boolean }> {
  const { policy, expectedReportData } = options;
  const { appCompose } = evidence;
  if (!appraiseKind(sheet, evidence.kind, policy)) return { measured: null, simulated: true };
  const { authentic, simulated } = await judgeSnp(sheet, evidence.report, evidence.collateral, options);
  if (authentic === undefined) return { measured: null, simulated };
  const { report, platformId } = authentic;
  appraisePlatform(sheet, platformId === null ? [] : [platformId], policy);
  appraiseReportData(sheet, report.reportData, expectedReportData, [
    { part: 'report', offset: SNP_REPORT_DATA_OFFSET, length: 64 },
  ]);
  const composeHash = appCompose === undefined ? undefined : checkCompose(sheet, report, appCompose);
  appraiseGuestImage(sheet, policy.amd.launchDigests !== null, 'launch digests', policy);
  appraiseImageDigest(sheet, undefined, policy);
  appraiseCompose(sheet, composeHash, policy, options.registeredComposeHashes ?? []);
  const measured: SnpMeasurements = {
    kind: evidence.kind,
    ...measureSnp(authentic),
    platformId,
    reportData: toHex(report.reportData),
    composeHash: composeHash ?? null,
  };
  return { measured, simulated };
}

/** Verifies an SEV-SNP attestation report under the certificates that AMD issued for its key. */
export async function verifySnp(
  evidence: SnpEvidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<ClaimName>(evidence.appCompose === undefined ? snpPlan : composePlan);
  const { measured, simulated } = await judge(sheet, evidence, options);
  return { ...sheet.conclude(simulated), measured };
}
