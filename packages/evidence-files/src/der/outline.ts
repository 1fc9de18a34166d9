import { toHex } from '@dcml/core';
import { readTlv, readTlvs, type Tlv } from './tlv.ts';

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const ENUMERATED = 0x0a;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const COMMON_NAME_OID = '550403';

/** What sorting needs to know of a certificate. Nothing of it is verified. */
export interface CertificateOutline {
  readonly der: Uint8Array;
  /** Hex of the INTEGER's content. */
  readonly serial: string;
  /** Hex of the DER of the names. */
  readonly issuer: string;
  readonly subject: string;
  readonly commonName: string;
  readonly issuerCommonName: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** What sorting needs to know of a CRL. Nothing of it is verified. */
export interface CrlOutline {
  readonly der: Uint8Array;
  readonly issuer: string;
  readonly issuerCommonName: string;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  readonly revokedCount: number;
}

function commonName(name: Tlv): string {
  for (const set of readTlvs(name.content)) {
    const [type, value] = readTlvs(readTlv(set.content)?.content ?? new Uint8Array());
    if (type !== undefined && value !== undefined && toHex(type.content) === COMMON_NAME_OID) {
      return new TextDecoder().decode(value.content);
    }
  }
  return '';
}

/** Milliseconds, or NaN. Two-digit years as RFC 5280 section 4.1.2.5.1 reads them. */
function timeOf(time: Tlv | undefined): number {
  if (time === undefined || (time.tag !== UTC_TIME && time.tag !== GENERALIZED_TIME)) return Number.NaN;
  const text = new TextDecoder().decode(time.content);
  const match = /^(\d{2,4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (match === null) return Number.NaN;
  const [, year = '', ...rest] = match;
  const full = time.tag === GENERALIZED_TIME ? year : `${Number(year) >= 50 ? '19' : '20'}${year}`;
  const [month, day, hour, minute, second] = rest;
  return Date.parse(`${full}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** The elements of the signed body, or undefined unless the bytes are one signed structure and nothing else. */
function signedBody(der: Uint8Array): Tlv[] | undefined {
  const outer = readTlv(der);
  if (outer === undefined || outer.tag !== SEQUENCE || outer.encoded.length !== der.length) return undefined;
  const [body] = readTlvs(outer.content);
  return body?.tag === SEQUENCE ? readTlvs(body.content) : undefined;
}

/** Reads the outline of an X.509 v3 certificate; undefined for anything else. */
export function outlineCertificate(der: Uint8Array): CertificateOutline | undefined {
  const [version, serial, , issuer, validity, subject] = signedBody(der) ?? [];
  if (version?.tag !== 0xa0 || serial?.tag !== INTEGER) return undefined;
  if (issuer?.tag !== SEQUENCE || validity?.tag !== SEQUENCE || subject?.tag !== SEQUENCE) return undefined;
  const [notBefore, notAfter] = readTlvs(validity.content);
  return {
    der,
    serial: toHex(serial.content),
    issuer: toHex(issuer.encoded),
    subject: toHex(subject.encoded),
    commonName: commonName(subject),
    issuerCommonName: commonName(issuer),
    notBeforeMs: timeOf(notBefore),
    notAfterMs: timeOf(notAfter),
  };
}

/** Reads the outline of an X.509 v2 CRL; undefined for anything else. */
export function outlineCrl(der: Uint8Array): CrlOutline | undefined {
  const [version, algorithm, issuer, thisUpdate, nextUpdate, revoked] = signedBody(der) ?? [];
  if (version?.tag !== INTEGER || algorithm?.tag !== SEQUENCE || issuer?.tag !== SEQUENCE) return undefined;
  const thisUpdateMs = timeOf(thisUpdate);
  if (Number.isNaN(thisUpdateMs)) return undefined;
  return {
    der,
    issuer: toHex(issuer.encoded),
    issuerCommonName: commonName(issuer),
    thisUpdateMs,
    nextUpdateMs: timeOf(nextUpdate),
    revokedCount: revoked?.tag === SEQUENCE ? readTlvs(revoked.content, 100_000).length : 0,
  };
}

/** True for a successful OCSP response (RFC 6960 section 4.2.1) that fills the bytes. */
export function isOcspResponse(der: Uint8Array): boolean {
  const outer = readTlv(der);
  if (outer === undefined || outer.tag !== SEQUENCE || outer.encoded.length !== der.length) return false;
  const [status, bytes] = readTlvs(outer.content);
  return status?.tag === ENUMERATED && status.content.length === 1 && bytes?.tag === 0xa0;
}
