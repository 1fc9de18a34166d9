import { createHash } from 'node:crypto';
import { toBase64 } from '@dcml/core';
import {
  derBitString,
  derBoolean,
  derElement,
  derExplicit,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derTime,
  derUtf8,
} from './der-writer.ts';
import { type SigningKey, signatureAlgorithms, signWith } from './signing-key.ts';

/** An extension beside the usual ones, for example a vendor's own. */
export interface ExtraExtension {
  readonly oid: string;
  readonly value: Uint8Array;
  readonly critical?: boolean;
}

export interface CertificateFields {
  /** Positive, at most 20 bytes. */
  readonly serial: Uint8Array;
  readonly subject: string;
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** `undefined` for a leaf. */
  readonly pathLength?: number;
  /** DER of the SGX extension's value (a PCK certificate has one). */
  readonly sgxExtension?: Uint8Array;
  readonly extraExtensions?: readonly ExtraExtension[];
  /** AMD's endorsement certificates have neither key usage nor basic constraints. */
  readonly isBare?: boolean;
}

export interface CrlFields {
  readonly issuer: string;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  readonly revokedSerials: readonly Uint8Array[];
}

export function keyIdentifier(key: SigningKey): Uint8Array {
  return new Uint8Array(createHash('sha1').update(key.spki).digest());
}

function name(commonName: string): Uint8Array {
  const attribute = (oid: string, text: string): Uint8Array =>
    derSet(derSequence(derOid(oid), derUtf8(text)));
  return derSequence(attribute('2.5.4.3', commonName), attribute('2.5.4.10', 'dcml simulation'));
}

function extension(oid: string, value: Uint8Array, critical = false): Uint8Array {
  return derSequence(derOid(oid), ...(critical ? [derBoolean(true)] : []), derOctetString(value));
}

const authorityKey = (issuerKey: SigningKey): Uint8Array =>
  extension('2.5.29.35', derSequence(derElement(0x80, keyIdentifier(issuerKey))));

function extensions(fields: CertificateFields, key: SigningKey, issuerKey: SigningKey): Uint8Array {
  const isCa = fields.pathLength !== undefined;
  const constraints = isCa
    ? derSequence(derBoolean(true), derInteger(fields.pathLength ?? 0))
    : derSequence();
  // Key usage: keyCertSign and cRLSign, or digitalSignature and nonRepudiation (RFC 5280 section 4.2.1.3).
  const usage = isCa ? derBitString(Uint8Array.of(0x06), 1) : derBitString(Uint8Array.of(0xc0), 6);
  const extra = fields.extraExtensions ?? [];
  return derSequence(
    authorityKey(issuerKey),
    extension('2.5.29.14', derOctetString(keyIdentifier(key))),
    ...(fields.isBare === true
      ? []
      : [extension('2.5.29.15', usage, true), extension('2.5.29.19', constraints, true)]),
    ...extra.map(({ oid, value, critical }) => extension(oid, value, critical)),
    ...(fields.sgxExtension === undefined ? [] : [extension('1.2.840.113741.1.13.1', fields.sgxExtension)]),
  );
}

function signed(body: Uint8Array, issuerKey: SigningKey): Uint8Array<ArrayBuffer> {
  const algorithm = signatureAlgorithms[issuerKey.algorithm];
  return derSequence(body, algorithm, derBitString(signWith(issuerKey, body, 'der')));
}

/** An X.509 v3 certificate in DER, laid out as Intel's are. */
export function writeCertificate(
  fields: CertificateFields,
  key: SigningKey,
  issuerKey: SigningKey,
): Uint8Array<ArrayBuffer> {
  const body = derSequence(
    derExplicit(0, derInteger(2)),
    derInteger(fields.serial),
    signatureAlgorithms[issuerKey.algorithm],
    name(fields.issuer),
    derSequence(derTime(fields.notBeforeMs), derTime(fields.notAfterMs)),
    name(fields.subject),
    key.spki,
    derExplicit(3, extensions(fields, key, issuerKey)),
  );
  return signed(body, issuerKey);
}

/** An X.509 v2 CRL in DER, laid out as Intel's are. */
export function writeCrl(fields: CrlFields, issuerKey: SigningKey): Uint8Array<ArrayBuffer> {
  const reason = derSequence(extension('2.5.29.21', derElement(0x0a, Uint8Array.of(1))));
  const revoked = fields.revokedSerials.map((serial) =>
    derSequence(derInteger(serial), derTime(fields.thisUpdateMs), reason),
  );
  const body = derSequence(
    derInteger(1),
    signatureAlgorithms[issuerKey.algorithm],
    name(fields.issuer),
    derTime(fields.thisUpdateMs),
    derTime(fields.nextUpdateMs),
    ...(revoked.length === 0 ? [] : [derSequence(...revoked)]),
    derExplicit(0, derSequence(extension('2.5.29.20', derInteger(1)), authorityKey(issuerKey))),
  );
  return signed(body, issuerKey);
}

/** RFC 7468 text with lines of 64 characters and a final line feed. */
export function toPem(certificate: Uint8Array): string {
  const lines = toBase64(certificate).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
