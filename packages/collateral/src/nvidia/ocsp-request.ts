import { createHash } from 'node:crypto';
import { type Certificate, type OcspResponse, publicKeyBits } from '@dcml/attest';
import { equalBytes, fromHex } from '@dcml/core';
import { derElement, derSequence, sha384Algorithm } from './der.ts';

const OCTET_STRING = 0x04;
const INTEGER = 0x02;

type CertId = OcspResponse['answers'][number]['certId'];

/** Names a certificate to a responder. */
function nameCertificate(subject: Certificate, issuer: Certificate, hash: CertId['hash']): CertId {
  const digest = (bytes: Uint8Array): Uint8Array =>
    new Uint8Array(createHash(hash.replace('-', '').toLowerCase()).update(bytes).digest());
  return {
    hash,
    issuerNameHash: digest(issuer.subject),
    issuerKeyHash: digest(publicKeyBits(issuer.publicKey)),
    serial: subject.serial,
  };
}

/**
 * A request about one certificate (RFC 6960 section 4.1.1), by SHA-384 as NVIDIA's own verifier asks, without a nonce:
 * the answer is kept until it runs out.
 */
export function encodeOcspRequest(subject: Certificate, issuer: Certificate): Uint8Array {
  const { issuerNameHash, issuerKeyHash, serial } = nameCertificate(subject, issuer, 'SHA-384');
  const certId = derSequence(
    sha384Algorithm,
    derElement(OCTET_STRING, issuerNameHash),
    derElement(OCTET_STRING, issuerKeyHash),
    derElement(INTEGER, fromHex(serial)),
  );
  const requestList = derSequence(derSequence(certId));
  return derSequence(derSequence(requestList));
}

/** Whether an answer is about this certificate, by whichever hash the responder names it. */
export function isAbout(certId: CertId, subject: Certificate, issuer: Certificate): boolean {
  if (certId.serial !== subject.serial) return false;
  const name = nameCertificate(subject, issuer, certId.hash);
  return (
    equalBytes(certId.issuerNameHash, name.issuerNameHash) &&
    equalBytes(certId.issuerKeyHash, name.issuerKeyHash)
  );
}
