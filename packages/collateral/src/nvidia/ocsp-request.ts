import { type Certificate, publicKeyBits } from '@dcml/attest';
import { equalBytes, fromHex, sha384 } from '@dcml/core';
import { derElement, derSequence, sha384Algorithm } from './der.ts';

const OCTET_STRING = 0x04;
const INTEGER = 0x02;

/** Names a certificate to a responder, by SHA-384 as NVIDIA's own verifier does. */
export interface CertificateName {
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Hex of the INTEGER's content. */
  readonly serial: string;
}

export function nameCertificate(subject: Certificate, issuer: Certificate): CertificateName {
  return {
    issuerNameHash: sha384(issuer.subject),
    issuerKeyHash: sha384(publicKeyBits(issuer.publicKey)),
    serial: subject.serial,
  };
}

/** A request about one certificate (RFC 6960 section 4.1.1), without a nonce: the answer is kept until it runs out. */
export function encodeOcspRequest({ issuerNameHash, issuerKeyHash, serial }: CertificateName): Uint8Array {
  const certId = derSequence(
    sha384Algorithm,
    derElement(OCTET_STRING, issuerNameHash),
    derElement(OCTET_STRING, issuerKeyHash),
    derElement(INTEGER, fromHex(serial)),
  );
  const requestList = derSequence(derSequence(certId));
  return derSequence(derSequence(requestList));
}

/** Whether an answer's id, which must be by SHA-384 as it was asked, is this name. */
export function isSameName(
  name: CertificateName,
  id: { readonly hash: string; readonly serial: string } & Pick<
    CertificateName,
    'issuerNameHash' | 'issuerKeyHash'
  >,
): boolean {
  return (
    id.hash === 'SHA-384' &&
    id.serial === name.serial &&
    equalBytes(id.issuerNameHash, name.issuerNameHash) &&
    equalBytes(id.issuerKeyHash, name.issuerKeyHash)
  );
}
