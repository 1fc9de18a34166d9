import { toHex } from '@dcml/core';
import { attempt } from '../claim-sheet.ts';
import { isVendorRoot } from '../vendor-roots/vendor-roots.ts';
import { policyRoots, type VerifyEvidenceOptions } from '../verify-context.ts';
import { verifySignature } from '../x509/verify-signature.ts';
import { appraiseGuest } from './appraise-guest.ts';
import { appraiseTcb, type SnpTcbs } from './appraise-tcb.ts';
import { checkChain, checkRoot, examineChain } from './authenticate-endorsement.ts';
import { checkReport } from './authenticate-report.ts';
import type { SnpSheet } from './claims.ts';
import type { Endorsement } from './endorsement.ts';
import type { SnpCollateral } from './evidence.ts';
import { parseSnpReport } from './parse-report.ts';
import { readSnpCollateral } from './prepare-collateral.ts';
import type { SnpReport } from './report.ts';

/** A report that the endorsed key of an AMD processor signed. */
export interface AuthenticSnpReport {
  readonly report: SnpReport;
  readonly endorsement: Endorsement;
  /** Null if the versions contradict each other (claim `tcb_order`). */
  readonly tcbs: SnpTcbs | null;
  /** The chip id as lowercase hex; null where the report names no chip, as under most VLEKs. */
  readonly platformId: string | null;
}

export interface SnpJudgement {
  /** Undefined unless the report is authentic up to a root of the policy and its key is not known to be revoked. */
  readonly authentic: AuthenticSnpReport | undefined;
  readonly simulated: boolean;
}

/**
 * Records every claim of `snpClaimPlan` about one report on `sheet`: form, chain, revocation, signature, and what
 * `policy.amd` asks. Report data, platform lists and compose are left to the caller, who knows what they mean.
 */
export async function judgeSnp(
  sheet: SnpSheet,
  reportBytes: Uint8Array,
  collateral: SnpCollateral,
  { policy, nowMs }: Pick<VerifyEvidenceOptions, 'policy' | 'nowMs'>,
): Promise<SnpJudgement> {
  const nothing: SnpJudgement = { authentic: undefined, simulated: true };
  const roots = policyRoots(policy, 'amd');
  // A copy: nobody can change the bytes between two checks.
  const parsed = attempt(() => parseSnpReport(Uint8Array.from(reportBytes)));
  const version = parsed.value === undefined ? '' : parsed.value.version;
  const isReadable = sheet.check(
    'report_format',
    parsed.problem,
    `SNP attestation report version ${version}`,
  );
  if (!isReadable || parsed.value === undefined) return nothing;
  const report = parsed.value;

  const reader = readSnpCollateral(collateral);
  const { key } = reader;
  const hasChain = sheet.check('endorsement_format', key.problem, 'endorsement certificate and its issuers');
  if (!hasChain || key.value === undefined) return nothing;
  const { chain, endorsement } = key.value;
  const [leaf, , root] = chain;
  const refused: SnpJudgement = { authentic: undefined, simulated: !isVendorRoot(root.der, 'amd') };
  if (!checkRoot(sheet, chain, roots)) return refused;

  // All signatures at once, the slowest first. What they are worth is recorded in the order in which claims build on
  // each other.
  const [isSigned, findings] = await Promise.all([
    verifySignature(leaf.publicKey, 'ecdsa-sha384', report.signature, report.signedBytes),
    examineChain(reader),
  ]);
  if (!checkChain(sheet, chain, findings, nowMs)) return refused;
  if (!checkReport(sheet, report, endorsement, isSigned)) return refused;

  appraiseGuest(sheet, report, endorsement, policy.amd);
  const tcbs = appraiseTcb(sheet, report, endorsement.product, policy.amd) ?? null;
  const platformId = report.chipId.some((byte) => byte !== 0) ? toHex(report.chipId) : null;
  return { ...refused, authentic: { report, endorsement, tcbs, platformId } };
}
