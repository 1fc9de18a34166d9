import { equalBytes } from '@dcml/core';
import { describeCertificate } from '../x509/certificate.ts';
import { formatTime, windowProblem } from '../x509/chain.ts';
import type { AuthenticPlatform } from './authenticate-platform.ts';
import type { IntelSheet } from './claims.ts';
import type { CollateralReader } from './prepare-collateral.ts';
import type { QeIdentity } from './qe-identity.ts';
import type { SignedDocument } from './signed-document.ts';
import type { ReadDocument } from './signed-text.ts';
import type { TcbInfo } from './tcb-info.ts';
import { chainWindowProblem } from './timeless.ts';

/** Which documents belong to a kind of quote. */
export interface DocumentIds<Id extends TcbInfo['id']> {
  readonly tcbInfo: Id;
  readonly qeIdentity: QeIdentity['id'];
}

export interface AuthenticDocuments<Id extends TcbInfo['id']> {
  readonly tcbInfo: Extract<TcbInfo, { id: Id }>;
  readonly qeIdentity: QeIdentity;
}

/** Why a document is no current word of an unrevoked signer under the platform's root. */
function documentProblem(
  what: string,
  read: ReadDocument<SignedDocument>,
  platform: AuthenticPlatform,
  nowMs: number,
): string | undefined {
  if (read.problem !== undefined) return read.problem;
  const [signer, root] = read.chain;
  if (!equalBytes(root.der, platform.root.der)) {
    return `${what} issuer chain is not one certificate under the trusted root`;
  }
  if (platform.rootCrl.revokedSerials.has(signer.serial)) return `${describeCertificate(signer)} is revoked`;
  const { issueDateMs, nextUpdateMs } = read.document;
  return chainWindowProblem(read.chain, nowMs) ?? windowProblem(what, issueDateMs, nextUpdateMs, nowMs);
}

function platformProblem(
  tcbInfo: TcbInfo,
  id: TcbInfo['id'],
  platform: AuthenticPlatform,
): string | undefined {
  const { fmspc, pceId } = platform.pck;
  if (tcbInfo.id !== id) return `TCB info is for ${tcbInfo.id}, expected ${id}`;
  if (tcbInfo.fmspc === fmspc && tcbInfo.pceId === pceId) return undefined;
  return `TCB info is for FMSPC ${tcbInfo.fmspc}, PCEID ${tcbInfo.pceId}, the platform has ${fmspc}, ${pceId}`;
}

/**
 * Intel publishes TCB info and QE identity of one TCB recovery under one number. They must carry the same one, so that
 * an old identity cannot be paired with new TCB info, and it may not lie under the policy's.
 */
function evaluationProblem(tcb: number, qe: number, minimum: number): string | undefined {
  if (tcb !== qe) return `TCB info has evaluation data number ${tcb}, QE identity ${qe}`;
  return tcb < minimum ? `evaluation data number ${tcb} is lower than the policy's ${minimum}` : undefined;
}

function currentReason(what: string, document: SignedDocument | undefined): string {
  if (document === undefined) return '';
  const { tcbEvaluationDataNumber, nextUpdateMs } = document;
  return `${what} number ${tcbEvaluationDataNumber} is authentic and current until ${formatTime(nextUpdateMs)}`;
}

/** Checks signature, issuer, window and platform of TCB info and QE identity. Undefined unless all of it holds. */
export async function authenticateDocuments<Id extends TcbInfo['id']>(
  sheet: IntelSheet,
  platform: AuthenticPlatform,
  collateral: CollateralReader,
  ids: DocumentIds<Id>,
  minTcbEvaluationDataNumber: number,
  nowMs: number,
): Promise<AuthenticDocuments<Id> | undefined> {
  const [tcb, qe] = await Promise.all([collateral.tcbInfo(), collateral.qeIdentity()]);
  const tcbInfo = tcb.document;
  const qeIdentity = qe.document;
  const tcbProblem =
    documentProblem('TCB info', tcb, platform, nowMs) ??
    (tcbInfo && platformProblem(tcbInfo, ids.tcbInfo, platform));
  const strangeId = qeIdentity !== undefined && qeIdentity.id !== ids.qeIdentity;
  const qeProblem =
    documentProblem('QE identity', qe, platform, nowMs) ??
    (strangeId ? `QE identity is for ${qeIdentity.id}, expected ${ids.qeIdentity}` : undefined);
  const tcbHolds = sheet.check('tcb_info', tcbProblem, currentReason('TCB info', tcbInfo));
  const qeHolds = sheet.check('qe_identity', qeProblem, currentReason('QE identity', qeIdentity));
  if (!tcbHolds || !qeHolds || tcbInfo === undefined || qeIdentity === undefined) return undefined;
  const number = tcbInfo.tcbEvaluationDataNumber;
  const evaluation = evaluationProblem(
    number,
    qeIdentity.tcbEvaluationDataNumber,
    minTcbEvaluationDataNumber,
  );
  if (!sheet.check('tcb_evaluation', evaluation, `both carry evaluation data number ${number}`)) {
    return undefined;
  }
  // The id was compared above.
  return { tcbInfo: tcbInfo as Extract<TcbInfo, { id: Id }>, qeIdentity };
}
