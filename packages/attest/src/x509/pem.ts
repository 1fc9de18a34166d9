import { fromBase64, toBase64 } from '@dcml/core';
import { formatError } from '../attest-error.ts';

const BEGIN = '-----BEGIN CERTIFICATE-----\n';
const END = '-----END CERTIFICATE-----\n';

/** RFC 7468 text of one certificate: lines of 64 characters, each ended by a line feed. */
export function encodePem(der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return `${BEGIN}${lines.map((line) => `${line}\n`).join('')}${END}`;
}

/**
 * DER of each certificate in a PEM text that holds nothing else. One text per list: other line lengths, white space
 * and stray base64 bits are refused; only the last line feed may be missing. Throws `ATTEST_FORMAT` or `CORE_ENCODING`.
 */
export function parsePemCertificates(pem: string, what: string, maxCount: number): Uint8Array[] {
  if (pem.length > maxCount * 16_384) throw formatError(what, 'PEM text is too long');
  const text = pem.endsWith('\n') ? pem : `${pem}\n`;
  const certificates: Uint8Array[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf(END, at);
    if (!text.startsWith(BEGIN, at) || end < 0) throw formatError(what, 'PEM certificate expected', at);
    if (certificates.length === maxCount) throw formatError(what, `more than ${maxCount} certificates`, at);
    const der = fromBase64(text.slice(at + BEGIN.length, end).replaceAll('\n', ''), what);
    const next = end + END.length;
    if (encodePem(der) !== text.slice(at, next)) throw formatError(what, 'PEM is not canonical', at);
    certificates.push(der);
    at = next;
  }
  return certificates;
}
