import { decodeUtf8, toHex } from '@dcml/core';
import { DerReader, derTags } from './der-reader.ts';
import { readBoolean, readOid, readSerial, readSmallInteger, readTime } from './der-values.ts';
import { type Extensions, readExtensions } from './extensions.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';
import { readSignature } from './signature.ts';
import { readSignatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts';

const MAX_CERTIFICATE_BYTES = 8192;
const NAME_TAGS: readonly number[] = [derTags.utf8String, derTags.printableString, derTags.ia5String];
/** Basic constraints and key usage are judged for every certificate. */
const UNDERSTOOD: readonly string[] = ['2.5.29.15', '2.5.29.19'];

/** An X.509 v3 certificate, read and not yet believed. */
export interface Certificate {
  readonly der: Uint8Array;
  /** What the signature covers. */
  readonly signedBytes: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** r and s of ECDSA, or the bytes of the RSA integer. */
  readonly signature: Uint8Array;
  readonly serial: string;
  /** DER of the distinguished names, compared as bytes. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Empty if the subject has none, as in certificates of TPM keys. */
  readonly commonName: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: PublicKey;
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  readonly canSign: boolean;
  readonly canSignCertificates: boolean;
  readonly canSignCrls: boolean;
  readonly extensions: Extensions;
}

function readCommonName(reader: DerReader): { name: Uint8Array; commonName: string } {
  const start = reader.offset;
  const name = reader.encoded(derTags.sequence, 'name');
  const attributes = new DerReader(name, 'certificate name').read(derTags.sequence, 'name');
  let commonName: string | undefined;
  while (!attributes.isEmpty) {
    const set = attributes.read(derTags.set, 'name part');
    const attribute = set.read(derTags.sequence, 'name attribute');
    const isCommonName = readOid(attribute, 'name attribute type') === '2.5.4.3';
    const tag = attribute.peek();
    if (tag === undefined || !NAME_TAGS.includes(tag)) reader.fail('name attribute is not text', start);
    const text = decodeUtf8(attribute.read(tag, 'name attribute value').rest());
    attribute.end();
    set.end();
    if (!isCommonName) continue;
    if (commonName !== undefined) reader.fail('name has two common names', start);
    commonName = text;
  }
  return { name, commonName: commonName ?? '' };
}

function readConstraints(extensions: Extensions): { isCa: boolean; pathLength: number | undefined } {
  const value = extensions.get('2.5.29.19');
  if (value === undefined) return { isCa: false, pathLength: undefined };
  const reader = new DerReader(value, 'basic constraints');
  const constraints = reader.read(derTags.sequence, 'basic constraints');
  reader.end();
  const isCa = constraints.peek() === derTags.boolean && readBoolean(constraints, 'CA flag');
  const pathLength = constraints.isEmpty ? undefined : readSmallInteger(constraints, 'path length', 16);
  constraints.end();
  return { isCa, pathLength };
}

/** Bits of KeyUsage, most significant first (RFC 5280 section 4.2.1.3); none without the extension. */
function readKeyUsage(extensions: Extensions): number {
  const value = extensions.get('2.5.29.15');
  if (value === undefined) return 0;
  const reader = new DerReader(value, 'key usage');
  const bits = reader.read(derTags.bitString, 'key usage').rest();
  reader.end();
  if (bits.length < 2) reader.fail('key usage is empty', 0);
  return bits[1]!;
}

/**
 * Parses one certificate of exactly these bytes. A critical extension is refused unless it is one of basic
 * constraints, key usage and `understood`, which the caller then has to judge. Throws `ATTEST_FORMAT`.
 */
export function parseCertificate(
  der: Uint8Array,
  what = 'certificate',
  understood: readonly string[] = [],
): Certificate {
  const document = new DerReader(der, what);
  if (der.length > MAX_CERTIFICATE_BYTES) document.fail(`is longer than ${MAX_CERTIFICATE_BYTES} bytes`);
  const outer = document.read(derTags.sequence, 'certificate');
  document.end();
  const signedBytes = outer.encoded(derTags.sequence, 'body');
  const signatureAlgorithm = readSignatureAlgorithm(outer, 'signature algorithm');
  const signature = readSignature(outer, signatureAlgorithm, what);
  outer.end();

  const body = new DerReader(signedBytes, `${what} body`).read(derTags.sequence, 'body');
  const version = body.read(0xa0, 'version');
  // Version 3 is encoded as 2.
  if (readSmallInteger(version, 'version', 2) !== 2) body.fail('is not X.509 version 3');
  version.end();
  const serial = readSerial(body);
  const innerAt = body.offset;
  if (readSignatureAlgorithm(body, 'signature algorithm') !== signatureAlgorithm) {
    body.fail('names two signature algorithms', innerAt);
  }
  const issuer = body.encoded(derTags.sequence, 'issuer');
  const validity = body.read(derTags.sequence, 'validity');
  const notBeforeMs = readTime(validity, 'not before');
  const notAfterMs = readTime(validity, 'not after');
  validity.end();
  const { name: subject, commonName } = readCommonName(body);
  const publicKey = readPublicKey(body);
  const wrapper = body.read(0xa3, 'extensions');
  const extensions = readExtensions(wrapper, [...UNDERSTOOD, ...understood]);
  wrapper.end();
  body.end();
  const usage = readKeyUsage(extensions);
  return {
    der,
    signedBytes,
    signatureAlgorithm,
    signature,
    serial,
    issuer,
    subject,
    commonName,
    notBeforeMs,
    notAfterMs,
    publicKey,
    ...readConstraints(extensions),
    canSign: (usage & 0x80) !== 0,
    canSignCertificates: (usage & 0x04) !== 0,
    canSignCrls: (usage & 0x02) !== 0,
    extensions,
  };
}

/** For messages: the subject's common name and serial number. */
export function describeCertificate(certificate: Certificate): string {
  const { publicKey, serial, commonName } = certificate;
  const key = publicKey.type === 'ec' ? publicKey.point.subarray(1, 9) : publicKey.spki.subarray(40, 48);
  return `"${commonName}" (serial ${serial}, key ${toHex(key)}…)`;
}
