import { ClaimSheet } from '../claim-sheet.ts';
import { appraiseKind, type CommonClaimName, commonClaimPlan, kindClaimPlan } from '../common-claims.ts';
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import type { VerifyEvidenceOptions } from '../verify-context.ts';
import type { AzureSnpEvidence, AzureTdxEvidence } from './evidence.ts';

export async function verifyAzureSnp(
  evidence: AzureSnpEvidence,
  { policy }: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<CommonClaimName>([...kindClaimPlan, ...commonClaimPlan]);
  appraiseKind(sheet, evidence.kind, policy);
  return { ...sheet.conclude(true), measured: null };
}

export async function verifyAzureTdx(
  evidence: AzureTdxEvidence,
  { policy }: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<CommonClaimName>([...kindClaimPlan, ...commonClaimPlan]);
  appraiseKind(sheet, evidence.kind, policy);
  return { ...sheet.conclude(true), measured: null };
}
