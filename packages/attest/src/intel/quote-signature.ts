import { decodeUtf8 } from '@dcml/core';
import type { ByteCursor } from '../byte-cursor.ts';
import type { ByteRange } from '../verdict.ts';
import { type EnclaveReport, readEnclaveReport } from './enclave-report.ts';

/** What makes a quote authentic: the keys and signatures between the PCK certificate and the report. */
export interface QuoteSignature {
  /** r and s, 64 bytes. */
  readonly signature: Uint8Array;
  /** x and y, 64 bytes. */
  readonly attestationKey: Uint8Array;
  readonly qeReport: EnclaveReport;
  readonly qeReportSignature: Uint8Array;
  readonly authData: Uint8Array;
  /** PEM of leaf, CA and root. */
  readonly pckChainPem: string;
  /** Where each of it is in the quote. */
  readonly at: Readonly<
    Record<'signature' | 'attestationKey' | 'qeReport' | 'authData' | 'pckChain', ByteRange>
  >;
}

// Types of certification data (Intel SGX ECDSA Quote Library API, appendix A.4).
const PCK_CHAIN = 5;
const QE_REPORT = 6;
const certificationTypes: ReadonlyMap<number, string> = new Map([
  [1, 'a plain PPID'],
  [2, 'a PPID encrypted to RSA-2048'],
  [3, 'a PPID encrypted to RSA-3072'],
  [4, 'a PCK certificate alone'],
  [5, 'a PCK certificate chain'],
  [6, 'a QE report'],
  [7, 'a platform manifest'],
]);

export function quoteRange(offset: number, length: number): ByteRange {
  return { part: 'quote', offset, length };
}

/** Certification data of `type`, whose declared size must be exactly what is left in its holder. */
function readCertification(cursor: ByteCursor, type: number, field: string): ByteCursor {
  const start = cursor.offset;
  const found = cursor.u16(`${field} type`);
  if (found !== type) {
    const name = certificationTypes.get(found) ?? 'unknown';
    cursor.fail(`${field} has type ${found} (${name}), expected ${type}`, start);
  }
  const size = cursor.u32(`${field} size`);
  const content = cursor.sub(size, field);
  cursor.end();
  return content;
}

/** PEM text; one zero byte may end it, as in the quotes of all platforms seen. */
function readPem(cursor: ByteCursor): string {
  const start = cursor.offset;
  const bytes = cursor.bytes(cursor.remaining, 'PCK chain');
  const text = bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes;
  if (text.some((byte) => byte >= 0x80)) cursor.fail('PCK chain is not ASCII', start);
  return decodeUtf8(text);
}

/**
 * Reads the length-prefixed signature data that ends a quote. Versions 4 and 5 wrap the QE report in certification data
 * of type 6, version 3 has it bare. After it only zero bytes may follow: real guests return the quote in a larger
 * zeroed buffer. Throws `ATTEST_FORMAT` with the offset.
 */
export function readQuoteSignature(cursor: ByteCursor, isWrapped: boolean): QuoteSignature {
  const data = cursor.sub(cursor.u32('signature data length'), 'signature data');
  cursor.zero(cursor.remaining, 'padding after the signature data');
  const signatureAt = data.offset;
  const signature = data.bytes(64, 'quote signature');
  const attestationKey = data.bytes(64, 'attestation key');
  const certification = isWrapped ? readCertification(data, QE_REPORT, 'QE certification data') : data;
  const qeReportAt = certification.offset;
  const qeReport = readEnclaveReport(certification, 'QE report');
  const qeReportSignature = certification.bytes(64, 'QE report signature');
  const authSize = certification.u16('QE auth data size');
  const authDataAt = certification.offset;
  const authData = certification.bytes(authSize, 'QE auth data');
  const chain = readCertification(certification, PCK_CHAIN, 'PCK certification data');
  const at = {
    signature: quoteRange(signatureAt, 64),
    attestationKey: quoteRange(signatureAt + 64, 64),
    qeReport: quoteRange(qeReportAt, 384 + 64),
    authData: quoteRange(authDataAt, authSize),
    pckChain: quoteRange(chain.offset, chain.remaining),
  };
  const pckChainPem = readPem(chain);
  return { signature, attestationKey, qeReport, qeReportSignature, authData, pckChainPem, at };
}
