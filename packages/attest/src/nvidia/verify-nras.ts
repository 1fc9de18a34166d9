import { toHex } from '@dcml/core';
import { attempt, type ClaimPlan, ClaimSheet } from '../claim-sheet.ts';
import {
  appraiseKind,
  appraisePlatform,
  appraiseReportData,
  type CommonClaimName,
  kindClaimPlan,
} from '../common-claims.ts';
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import { isVendorRoot } from '../vendor-roots/vendor-roots.ts';
import { policyRoots, type VerifyEvidenceOptions } from '../verify-context.ts';
import { appraiseNras, measureToken } from './appraise-nras.ts';
import { authenticateNras } from './authenticate-nras.ts';
import type { NrasEvidence } from './evidence.ts';
import type { NrasMeasurements } from './measurements.ts';
import { type NrasClaimName, nrasClaimPlan } from './nras-claims.ts';
import { type NrasAnswer, parseNrasAnswer } from './nras-token.ts';

type ClaimName = CommonClaimName | NrasClaimName;

const plan: ClaimPlan<ClaimName> = [...kindClaimPlan, ...nrasClaimPlan];

function measure({ claims, devices = [] }: NrasAnswer): NrasMeasurements {
  const measured = devices.map(measureToken);
  const [first, ...others] = measured;
  return {
    kind: 'nras',
    platformId: first !== undefined && others.length === 0 ? platformIdOf(first.ueid) : null,
    reportData: toHex(claims.nonce),
    composeHash: null,
    issuer: claims.issuer,
    devices: measured,
  };
}

/** The ueid is a certificate's serial number in decimal; platform ids are hex. */
function platformIdOf(ueid: string): string {
  if (!/^[0-9]{1,60}$/.test(ueid)) return '';
  const hex = BigInt(ueid).toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

async function judge(
  sheet: ClaimSheet<ClaimName>,
  evidence: NrasEvidence,
  { policy, nowMs, expectedReportData }: VerifyEvidenceOptions,
): Promise<{ measured: NrasMeasurements | null; simulated: boolean }> {
  if (!appraiseKind(sheet, evidence.kind, policy)) return { measured: null, simulated: true };
  const roots = policyRoots(policy, 'nras');
  const parsed = attempt(() => parseNrasAnswer(evidence.token));
  const isReadable = sheet.check('token_format', parsed.problem, 'every token is readable');
  if (!isReadable || parsed.value === undefined) return { measured: null, simulated: true };
  const answer = parsed.value;
  const authentic = await authenticateNras(sheet, answer, evidence.jwks, roots, nowMs);
  // Nothing builds on a key that nobody vouches for.
  if (authentic?.isTrusted !== true) return { measured: null, simulated: true };
  appraiseNras(sheet, answer, policy, nowMs);
  const platformIds = (answer.devices ?? []).map((device) => platformIdOf(measureToken(device).ueid));
  appraisePlatform(sheet, platformIds, policy);
  appraiseReportData(sheet, answer.claims.nonce, expectedReportData);
  const simulated = authentic.roots.some((root) => !isVendorRoot(root.der, 'nras'));
  return { measured: measure(answer), simulated };
}

/**
 * Verifies what NVIDIA's remote attestation service said. Nothing of it is proven by hardware: every claim is the
 * service's word.
 */
export async function verifyNras(
  evidence: NrasEvidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<ClaimName>(plan);
  const { measured, simulated } = await judge(sheet, evidence, options);
  return { ...sheet.conclude(simulated), measured };
}
