import { equalBytes } from '@dcml/core';
import { attempt } from '../claim-sheet.ts';
import { type Certificate, describeCertificate, parseCertificate } from '../x509/certificate.ts';
import { windowProblem } from '../x509/chain.ts';
import { DerReader, derTags } from '../x509/der-reader.ts';
import { readOid } from '../x509/der-values.ts';
import type { SignatureCheck } from '../x509/verify-signature.ts';
import { digest, publicKeyBits } from './digest.ts';
import type { OcspResponse, ResponderId } from './ocsp-response.ts';

const EXTENDED_KEY_USAGE = '2.5.29.37';
const KEY_USAGE = '2.5.29.15';
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';

function signsOcsp(certificate: Certificate): boolean {
  const value = certificate.extensions.get(EXTENDED_KEY_USAGE);
  if (value === undefined) return false;
  const document = new DerReader(value, 'extended key usage');
  const list = document.read(derTags.sequence, 'extended key usage');
  document.end();
  let found = false;
  while (!list.isEmpty) found = readOid(list, 'key purpose') === OCSP_SIGNING || found;
  return found;
}

async function isNamed(id: ResponderId, certificate: Certificate): Promise<boolean> {
  return id.type === 'name'
    ? equalBytes(id.name, certificate.subject)
    : equalBytes(id.keyHash, await digest('SHA-1', publicKeyBits(certificate.publicKey)));
}

/** Why a certificate in the response may not answer for `issuer`, or undefined. */
async function delegateProblem(
  delegate: Certificate,
  issuer: Certificate,
  nowMs: number,
  verify: SignatureCheck,
): Promise<string | undefined> {
  const name = describeCertificate(delegate);
  if (!equalBytes(delegate.issuer, issuer.subject)) return `OCSP responder ${name} is not under the issuer`;
  const purpose = attempt(() => signsOcsp(delegate));
  if (purpose.problem !== undefined) return purpose.problem;
  if (!purpose.value || delegate.isCa || (delegate.extensions.has(KEY_USAGE) && !delegate.canSign)) {
    return `${name} may not sign OCSP responses`;
  }
  const { signatureAlgorithm, signature, signedBytes } = delegate;
  if (!issuer.isCa || !(await verify(issuer.publicKey, signatureAlgorithm, signature, signedBytes))) {
    return `signature of OCSP responder ${name} is wrong`;
  }
  return windowProblem(`OCSP responder ${name}`, delegate.notBeforeMs, delegate.notAfterMs, nowMs);
}

/**
 * Why a response is not a statement of `issuer`, or undefined: it is signed by the issuer itself, or by a certificate
 * that the issuer made for this purpose (RFC 6960 section 4.2.2.2). The issuer has to be authentic already.
 */
export async function responderProblem(
  response: OcspResponse,
  issuer: Certificate,
  nowMs: number,
  verify: SignatureCheck,
): Promise<string | undefined> {
  const parsed = attempt(() =>
    response.certificates.map((der) => parseCertificate(der, 'OCSP responder', [EXTENDED_KEY_USAGE])),
  );
  if (parsed.problem !== undefined) return parsed.problem;
  let signer: Certificate | undefined;
  for (const candidate of [issuer, ...parsed.value]) {
    if (signer === undefined && (await isNamed(response.responder, candidate))) signer = candidate;
  }
  if (signer === undefined) return 'OCSP response does not carry the certificate of its responder';
  if (signer !== issuer && !equalBytes(signer.der, issuer.der)) {
    const problem = await delegateProblem(signer, issuer, nowMs, verify);
    if (problem !== undefined) return problem;
  }
  const { signatureAlgorithm, signature, signedBytes } = response;
  return (await verify(signer.publicKey, signatureAlgorithm, signature, signedBytes))
    ? undefined
    : 'signature of the OCSP response is wrong';
}
