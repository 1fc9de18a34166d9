import { ClaimSheet } from '../claim-sheet.ts';
import { appraiseKind, type CommonClaimName, commonClaimPlan, kindClaimPlan } from '../common-claims.ts';
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import type { VerifyEvidenceOptions } from '../verify-context.ts';
import type { NvidiaEvidence } from './evidence.ts';

export async function verifyNvidia(
  evidence: NvidiaEvidence,
  { policy }: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<CommonClaimName>([...kindClaimPlan, ...commonClaimPlan]);
  appraiseKind(sheet, evidence.kind, policy);
  return { ...sheet.conclude(true), measured: null };
}
