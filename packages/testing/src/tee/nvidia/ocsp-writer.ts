import { createHash } from 'node:crypto';
import { concatBytes } from '@dcml/core';
import { type CertificateFields, writeCertificate } from '../certificate-writer.ts';
import {
  derBitString,
  derElement,
  derEnumerated,
  derExplicit,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derUtf8,
} from '../der-writer.ts';
import { createSigningKey, type SigningKey, signatureAlgorithms, signWith } from '../signing-key.ts';

export type OcspHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';
const hashOids: Readonly<Record<OcspHash, string>> = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};

export interface OcspIssuer {
  readonly subject: string;
  readonly key: SigningKey;
}

/** Signs in the issuer's place, under a certificate that the issuer made for this purpose. */
export interface OcspDelegate extends OcspIssuer {
  readonly der: Uint8Array;
}

export interface OcspFields {
  readonly serial: Uint8Array;
  readonly issuer: OcspIssuer;
  /** `revoked` has a reason (RFC 5280 section 5.3.1), 6 being a hold; null leaves it out. */
  readonly status?: 'good' | 'unknown' | { readonly revoked: number | null };
  readonly thisUpdateMs: number;
  /** Null leaves it out. */
  readonly nextUpdateMs: number | null;
  readonly producedAtMs?: number;
  readonly hash?: OcspHash;
  /** The issuer itself signs without one. */
  readonly delegate?: OcspDelegate;
  readonly responderId?: 'key' | 'name';
  /** Signs instead of the rightful key. */
  readonly signingKey?: SigningKey;
  /** Whether the delegate's certificate comes along; it does unless told otherwise. */
  readonly omitCertificates?: boolean;
  readonly responseStatus?: number;
}

const DAY_MS = 86_400_000;
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';

/** `YYYYMMDDHHMMSSZ` in every year, as OCSP has it. */
function generalizedTime(ms: number): Uint8Array {
  const text = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  return derElement(
    0x18,
    Uint8Array.from(text, (letter) => letter.charCodeAt(0)),
  );
}

/** A certificate that may sign OCSP responses for an issuer. */
export function createOcspDelegate(
  issuer: OcspIssuer,
  nowMs: number,
  fields: Partial<CertificateFields> = {},
  issuerKey: SigningKey = issuer.key,
): OcspDelegate {
  const key = createSigningKey('ecdsa-sha384');
  const written: CertificateFields = {
    serial: Uint8Array.of(0x71),
    subject: 'dcml SIMULATED OCSP responder - not hardware',
    issuer: issuer.subject,
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + 30 * DAY_MS,
    extraExtensions: [{ oid: '2.5.29.37', value: derSequence(derOid(OCSP_SIGNING)) }],
    ...fields,
  };
  return { subject: written.subject, key, der: writeCertificate(written, key, issuerKey) };
}

/** Content of the BIT STRING of a public key on P-384: the last 97 bytes. */
const keyBits = (spki: Uint8Array): Uint8Array => spki.subarray(-97);

/** The name that `writeCertificate` gives to a common name. */
function distinguishedName(commonName: string): Uint8Array {
  const attribute = (oid: string, text: string): Uint8Array =>
    derSet(derSequence(derOid(oid), derUtf8(text)));
  return derSequence(attribute('2.5.4.3', commonName), attribute('2.5.4.10', 'dcml simulation'));
}

function statusOf(status: OcspFields['status'], nowMs: number): Uint8Array {
  if (status === undefined || status === 'good') return derElement(0x80);
  if (status === 'unknown') return derElement(0x82);
  const reason = status.revoked === null ? [] : [derExplicit(0, derEnumerated(status.revoked))];
  return derElement(0xa1, generalizedTime(nowMs), ...reason);
}

/** An OCSP response about one certificate (RFC 6960 section 4.2.1). */
export function writeOcspResponse(fields: OcspFields): Uint8Array<ArrayBuffer> {
  const { issuer, delegate, hash = 'sha1', thisUpdateMs, nextUpdateMs } = fields;
  const digest = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash(hash).update(bytes).digest());
  const issuerName = distinguishedName(issuer.subject);
  const certId = derSequence(
    derSequence(derOid(hashOids[hash]), derElement(0x05)),
    derOctetString(digest(issuerName)),
    derOctetString(digest(keyBits(issuer.key.spki))),
    derInteger(fields.serial),
  );
  const answer = derSequence(
    certId,
    statusOf(fields.status, thisUpdateMs),
    generalizedTime(thisUpdateMs),
    ...(nextUpdateMs === null ? [] : [derExplicit(0, generalizedTime(nextUpdateMs))]),
  );
  const signer = delegate ?? issuer;
  const keyHash = new Uint8Array(createHash('sha1').update(keyBits(signer.key.spki)).digest());
  const responder =
    fields.responderId === 'name'
      ? derElement(0xa1, distinguishedName(signer.subject))
      : derElement(0xa2, derOctetString(keyHash));
  const nonce = derSequence(
    derOid('1.3.6.1.5.5.7.48.1.2'),
    derOctetString(derOctetString(new Uint8Array(16))),
  );
  const data = derSequence(
    responder,
    generalizedTime(fields.producedAtMs ?? thisUpdateMs),
    derSequence(answer),
    derExplicit(1, derSequence(nonce)),
  );
  const signingKey = fields.signingKey ?? signer.key;
  const certificates = delegate === undefined || fields.omitCertificates === true ? [] : [delegate.der];
  const basic = derSequence(
    data,
    signatureAlgorithms[signingKey.algorithm],
    derBitString(signWith(signingKey, data, 'der')),
    ...(certificates.length === 0 ? [] : [derExplicit(0, derSequence(concatBytes(...certificates)))]),
  );
  const status = derEnumerated(fields.responseStatus ?? 0);
  if ((fields.responseStatus ?? 0) !== 0) return derSequence(status);
  const bytes = derSequence(derOid('1.3.6.1.5.5.7.48.1.1'), derOctetString(basic));
  return derSequence(status, derExplicit(0, bytes));
}
