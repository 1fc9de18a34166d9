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
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import { isVendorRoot } from '../vendor-roots/vendor-roots.ts';
import { policyRoots, type VerifyEvidenceOptions } from '../verify-context.ts';
import { appraiseDocument } from './appraise-document.ts';
import { authenticateDocument } from './authenticate-document.ts';
import { type NitroClaimName, nitroClaimPlan } from './claims.ts';
import type { NitroEvidence } from './evidence.ts';
import type { NitroMeasurements } from './measurements.ts';
import { type EnclaveValue, type NitroDocument, parseNitroDocument } from './parse-document.ts';

type ClaimName = CommonClaimName | NitroClaimName | 'compose_accepted';

const plan: ClaimPlan<ClaimName> = [
  ...kindClaimPlan,
  ...nitroClaimPlan,
  ...commonClaimPlan,
  ['compose_accepted', 'hardware_proven'],
];

/** Of an enclave's parent instance the hex digits: what a policy's platform lists can name. */
function platformIdOf(moduleId: string): string | null {
  return /^i-([0-9a-f]{8,32})-enc[0-9a-f]{8,32}$/.exec(moduleId)?.[1] ?? null;
}

const hexOrNull = (value: EnclaveValue | undefined): string | null =>
  value === undefined ? null : toHex(value.bytes);

function measure(document: NitroDocument): NitroMeasurements {
  return {
    kind: 'nitro',
    platformId: platformIdOf(document.moduleId),
    reportData: hexOrNull(document.userData),
    composeHash: null,
    moduleId: document.moduleId,
    timestampMs: document.timestampMs,
    pcrs: Object.fromEntries([...document.pcrs].map(([index, value]) => [String(index), toHex(value)])),
    publicKey: hexOrNull(document.publicKey),
    nonce: hexOrNull(document.nonce),
  };
}

async function judge(
  sheet: ClaimSheet<ClaimName>,
  evidence: NitroEvidence,
  { policy, nowMs, expectedReportData, registeredComposeHashes }: VerifyEvidenceOptions,
): Promise<{ measured: NitroMeasurements | null; simulated: boolean }> {
  if (!appraiseKind(sheet, evidence.kind, policy)) return { measured: null, simulated: true };
  const roots = policyRoots(policy, 'aws');
  // A copy: nobody can change the bytes between two checks.
  const parsed = attempt(() => parseNitroDocument(Uint8Array.from(evidence.document)));
  sheet.check('document_format', parsed.problem, 'COSE_Sign1 with an attestation document');
  if (parsed.value === undefined) return { measured: null, simulated: true };
  const document = parsed.value;
  const [root] = document.caBundle;
  const simulated = root === undefined || !isVendorRoot(root.der, 'aws');
  if (!(await authenticateDocument(sheet, document, roots, nowMs))) return { measured: null, simulated };

  const isPinned = appraiseDocument(sheet, document, policy.nitro, policy.maxEvidenceAgeSeconds, nowMs);
  const measured = measure(document);
  appraisePlatform(sheet, measured.platformId === null ? [] : [measured.platformId], policy);
  const { userData } = document;
  const bound =
    userData === undefined
      ? undefined
      : [{ part: 'document', offset: userData.offset, length: userData.bytes.length }];
  appraiseReportData(sheet, userData?.bytes ?? new Uint8Array(0), expectedReportData, bound);
  if (isPinned) {
    sheet.check('compose_accepted', undefined, 'PCR0, which the policy pins, measures the whole application');
  } else {
    appraiseCompose(sheet, undefined, policy, registeredComposeHashes ?? []);
  }
  return { measured, simulated };
}

/** Verifies an attestation document of an AWS Nitro enclave. */
export async function verifyNitro(
  evidence: NitroEvidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<ClaimName>(plan);
  const { measured, simulated } = await judge(sheet, evidence, options);
  return { ...sheet.conclude(simulated), measured };
}
