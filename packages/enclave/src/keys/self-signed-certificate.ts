import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { concatBytes, encodeUtf8, type Random } from '@dcml/core';
import {
  derBitString,
  derOid,
  derSequence,
  derSet,
  derTime,
  derUnsignedInteger,
  derUtf8String,
  derValue,
} from './der.ts';

const ECDSA_WITH_SHA256 = derSequence(derOid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const COMMON_NAME = derOid(0x55, 0x04, 0x03);
const SUBJECT_ALT_NAME = derOid(0x55, 0x1d, 0x11);

export interface CertificateRequest {
  /** P-256 private key, PKCS#8 PEM. */
  readonly privateKeyPem: string;
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly random: Random;
}

/**
 * A self-signed X.509 v3 certificate (RFC 5280) for the enclave's TLS key, as PEM. Nobody trusts it as such: clients pin
 * the SHA-256 of its public key, which the attested keyset lists.
 */
export function createSelfSignedCertificate(request: CertificateRequest): string {
  const privateKey = createPrivateKey(request.privateKeyPem);
  const publicKeyInfo = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const name = derSequence(derSet(derSequence(COMMON_NAME, derUtf8String(request.commonName))));
  const altNames = derSequence(...request.dnsNames.map((dns) => derValue(0x82, encodeUtf8(dns))));
  const extensions = derSequence(derSequence(SUBJECT_ALT_NAME, derValue(0x04, altNames)));
  const serial = request.random.bytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40; // positive, and never a leading zero
  const toBeSigned = derSequence(
    derValue(0xa0, derUnsignedInteger(Uint8Array.of(2))), // version 3
    derUnsignedInteger(serial),
    ECDSA_WITH_SHA256,
    name,
    derSequence(derTime(request.notBeforeMs), derTime(request.notAfterMs)),
    name,
    publicKeyInfo,
    derValue(0xa3, extensions),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = derSequence(toBeSigned, ECDSA_WITH_SHA256, derBitString(signature));
  const lines =
    Buffer.from(concatBytes(certificate))
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
