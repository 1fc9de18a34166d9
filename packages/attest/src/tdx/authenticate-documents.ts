import { encodeUtf8, equalBytes } from '@dcml/core';
import { attempt } from '../claim-sheet.ts';
import { fromHexBounded } from '../hex-field.ts';
import type { IntelCollateral } from '../intel/collateral-types.ts';
import { describeCertificate, parseCertificate } from '../x509/certificate.ts';
import { chainProblem, formatTime, windowProblem } from '../x509/chain.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import { verifySignature } from '../x509/verify-signature.ts';
import type { AuthenticPlatform } from './authenticate-platform.ts';
import type { TdxSheet } from './claims.ts';
import { parseQeIdentity, type QeIdentity } from './qe-identity.ts';
import type { SignedDocument } from './signed-document.ts';
import { parseTcbInfo, type TcbInfo } from './tcb-info.ts';

export interface AuthenticDocuments {
  readonly tcbInfo: TcbInfo;
  readonly qeIdentity: QeIdentity;
}

interface SignedText {
  readonly what: string;
  readonly text: string;
  readonly signatureHex: string;
  readonly issuerChainPem: string;
}

/** Why the exact text is not signed by an unrevoked TCB signing certificate directly under the root. */
async function signatureProblem(
  signed: SignedText,
  platform: AuthenticPlatform,
  nowMs: number,
): Promise<string | undefined> {
  const { what } = signed;
  const parsed = attempt(() => ({
    chain: parsePemCertificates(signed.issuerChainPem, `${what} issuer chain`, 2),
    signature: fromHexBounded(signed.signatureHex, `${what} signature`, 64),
  }));
  if (parsed.problem !== undefined) return parsed.problem;
  const { chain, signature } = parsed.value;
  const [signerDer, rootDer] = chain;
  if (signerDer === undefined || rootDer === undefined || !equalBytes(rootDer, platform.root.der)) {
    return `${what} issuer chain is not one certificate under the trusted root`;
  }
  const certificate = attempt(() => parseCertificate(signerDer, `${what} signing certificate`));
  if (certificate.problem !== undefined) return certificate.problem;
  const signer = certificate.value;
  const name = describeCertificate(signer);
  if (!signer.commonName.includes('TCB Signing')) return `${name} may not sign ${what}`;
  if (platform.rootCrl.revokedSerials.has(signer.serial)) return `${name} is revoked`;
  const problem = await chainProblem([signer, platform.root], nowMs);
  if (problem !== undefined) return problem;
  const isSigned =
    signature.length === 64 &&
    (await verifySignature(signer.publicKey, 'ecdsa-sha256', signature, encodeUtf8(signed.text)));
  return isSigned ? undefined : `signature of ${what} is wrong`;
}

function currentReason(what: string, document: SignedDocument): string {
  const { tcbEvaluationDataNumber, nextUpdateMs } = document;
  return `${what} number ${tcbEvaluationDataNumber} is authentic and current until ${formatTime(nextUpdateMs)}`;
}

async function readDocument<Document extends SignedDocument>(
  signed: SignedText,
  platform: AuthenticPlatform,
  nowMs: number,
  parse: (text: string) => Document,
): Promise<{ readonly document?: Document; readonly problem: string | undefined }> {
  const unsigned = await signatureProblem(signed, platform, nowMs);
  if (unsigned !== undefined) return { problem: unsigned };
  const parsed = attempt(() => parse(signed.text));
  if (parsed.problem !== undefined) return { problem: parsed.problem };
  const { issueDateMs, nextUpdateMs } = parsed.value;
  return { document: parsed.value, problem: windowProblem(signed.what, issueDateMs, nextUpdateMs, nowMs) };
}

function platformProblem(tcbInfo: TcbInfo | undefined, platform: AuthenticPlatform): string | undefined {
  const { fmspc, pceId } = platform.pck;
  if (tcbInfo === undefined || (tcbInfo.fmspc === fmspc && tcbInfo.pceId === pceId)) return undefined;
  return `TCB info is for FMSPC ${tcbInfo.fmspc}, PCEID ${tcbInfo.pceId}, the platform has ${fmspc}, ${pceId}`;
}

/**
 * Intel publishes TCB info and QE identity of one TCB recovery under one number. They must carry the same one, so that
 * an old identity cannot be paired with new TCB info, and it may not lie under the policy's.
 */
function evaluationProblem(documents: AuthenticDocuments, minimum: number): string | undefined {
  const tcb = documents.tcbInfo.tcbEvaluationDataNumber;
  const qe = documents.qeIdentity.tcbEvaluationDataNumber;
  if (tcb !== qe) return `TCB info has evaluation data number ${tcb}, QE identity ${qe}`;
  return tcb < minimum ? `evaluation data number ${tcb} is lower than the policy's ${minimum}` : undefined;
}

/** Checks signature, issuer, window and platform of TCB info and QE identity. Undefined unless all of it holds. */
export async function authenticateDocuments(
  sheet: TdxSheet,
  platform: AuthenticPlatform,
  collateral: IntelCollateral,
  minTcbEvaluationDataNumber: number,
  nowMs: number,
): Promise<AuthenticDocuments | undefined> {
  const tcbText: SignedText = {
    what: 'TCB info',
    text: collateral.tcbInfo,
    signatureHex: collateral.tcbInfoSignatureHex,
    issuerChainPem: collateral.tcbInfoIssuerChainPem,
  };
  const qeText: SignedText = {
    what: 'QE identity',
    text: collateral.qeIdentity,
    signatureHex: collateral.qeIdentitySignatureHex,
    issuerChainPem: collateral.qeIdentityIssuerChainPem,
  };
  const [tcb, qe] = await Promise.all([
    readDocument(tcbText, platform, nowMs, parseTcbInfo),
    readDocument(qeText, platform, nowMs, parseQeIdentity),
  ]);
  const tcbInfo = tcb.document;
  const qeIdentity = qe.document;
  const tcbHolds = sheet.check(
    'tcb_info',
    tcb.problem ?? platformProblem(tcbInfo, platform),
    tcbInfo === undefined ? '' : currentReason('TCB info', tcbInfo),
  );
  const qeHolds = sheet.check(
    'qe_identity',
    qe.problem,
    qeIdentity === undefined ? '' : currentReason('QE identity', qeIdentity),
  );
  if (!tcbHolds || !qeHolds || tcbInfo === undefined || qeIdentity === undefined) return undefined;
  const documents = { tcbInfo, qeIdentity };
  const evaluation = evaluationProblem(documents, minTcbEvaluationDataNumber);
  const number = tcbInfo.tcbEvaluationDataNumber;
  return sheet.check('tcb_evaluation', evaluation, `both carry evaluation data number ${number}`)
    ? documents
    : undefined;
}
