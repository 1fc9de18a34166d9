import { decodeUtf8, equalBytes, fromHex } from '@dcml/core';
import { ByteCursor } from '../byte-cursor.ts';
import type { QeReport, QuoteHeader, TdBody, TdxQuote } from './quote.ts';

/** Guests hand out quotes in buffers of up to 8,000 bytes; twice that is room for a longer chain. */
export const MAX_QUOTE_BYTES = 16_384;

const SIGNED_BYTES = 48 + 584;
const INTEL_VENDOR_ID = fromHex('939a7233f79c4ca9940a0db3957f0607');
const CERTIFICATION_QE_REPORT = 6;
const CERTIFICATION_PCK_CHAIN = 5;

function readHeader(cursor: ByteCursor): QuoteHeader {
  const version = cursor.u16('version');
  if (version !== 4) cursor.fail(`quote version ${version} is not supported (expected 4)`, 0);
  const attestationKeyType = cursor.u16('attestation key type');
  if (attestationKeyType !== 2)
    cursor.fail(`attestation key type ${attestationKeyType} is not ECDSA P-256`, 2);
  const teeType = cursor.u32('TEE type');
  if (teeType !== 0x81) cursor.fail(`TEE type 0x${teeType.toString(16)} is not TDX`, 4);
  cursor.zero(4, 'reserved');
  const vendorId = cursor.bytes(16, 'QE vendor id');
  if (!equalBytes(vendorId, INTEL_VENDOR_ID)) cursor.fail('QE vendor is not Intel', 12);
  cursor.bytes(20, 'user data');
  return { version, attestationKeyType, teeType, vendorId };
}

// Field order and sizes: Intel TDX DCAP Quoting Library API, appendix A.3.2.
function readBody(cursor: ByteCursor): TdBody {
  const measurement = (field: string): Uint8Array => cursor.bytes(48, field);
  return {
    teeTcbSvn: cursor.bytes(16, 'TEE_TCB_SVN'),
    mrSeam: measurement('MRSEAM'),
    mrSignerSeam: measurement('MRSIGNERSEAM'),
    seamAttributes: cursor.bytes(8, 'SEAMATTRIBUTES'),
    tdAttributes: cursor.bytes(8, 'TDATTRIBUTES'),
    xfam: cursor.bytes(8, 'XFAM'),
    mrTd: measurement('MRTD'),
    mrConfigId: measurement('MRCONFIGID'),
    mrOwner: measurement('MROWNER'),
    mrOwnerConfig: measurement('MROWNERCONFIG'),
    rtmrs: [measurement('RTMR0'), measurement('RTMR1'), measurement('RTMR2'), measurement('RTMR3')],
    reportData: cursor.bytes(64, 'REPORTDATA'),
  };
}

function readQeReport(cursor: ByteCursor): QeReport {
  const base = cursor.offset;
  const bytes = cursor.bytes(384, 'QE report');
  const report = new ByteCursor(bytes, 'TDX quote QE report', base);
  report.bytes(16, 'CPUSVN');
  const miscSelect = report.bytes(4, 'MISCSELECT');
  report.bytes(28, 'reserved');
  const attributes = report.bytes(16, 'ATTRIBUTES');
  report.bytes(32, 'MRENCLAVE');
  report.bytes(32, 'reserved');
  const mrSigner = report.bytes(32, 'MRSIGNER');
  report.bytes(96, 'reserved');
  const isvProdId = report.u16('ISVPRODID');
  const isvSvn = report.u16('ISVSVN');
  report.bytes(60, 'reserved');
  const reportData = report.bytes(64, 'REPORTDATA');
  report.end();
  return { bytes, miscSelect, attributes, mrSigner, isvProdId, isvSvn, reportData };
}

/** Certification data of `type`, whose declared size must be exactly what is left in its holder. */
function readCertification(cursor: ByteCursor, type: number, field: string): ByteCursor {
  const start = cursor.offset;
  const found = cursor.u16(`${field} type`);
  if (found !== type) cursor.fail(`${field} has type ${found}, expected ${type}`, start);
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
 * Parses a TDX quote v4 with a TD report 1.0. After the signature data only zero bytes may follow: real guests return
 * the quote in a larger zeroed buffer. Throws `ATTEST_FORMAT` with the offset.
 */
export function parseTdxQuote(bytes: Uint8Array): TdxQuote {
  const cursor = new ByteCursor(bytes, 'TDX quote');
  if (bytes.length > MAX_QUOTE_BYTES) cursor.fail(`is longer than ${MAX_QUOTE_BYTES} bytes`);
  const header = readHeader(cursor);
  const body = readBody(cursor);
  const signatureData = cursor.sub(cursor.u32('signature data length'), 'signature data');
  cursor.zero(cursor.remaining, 'padding after the signature data');

  const signature = signatureData.bytes(64, 'quote signature');
  const attestationKey = signatureData.bytes(64, 'attestation key');
  const certification = readCertification(signatureData, CERTIFICATION_QE_REPORT, 'QE certification data');
  const qeReport = readQeReport(certification);
  const qeReportSignature = certification.bytes(64, 'QE report signature');
  const authData = certification.bytes(certification.u16('QE auth data size'), 'QE auth data');
  const chain = readCertification(certification, CERTIFICATION_PCK_CHAIN, 'PCK certification data');
  return {
    header,
    body,
    signedBytes: bytes.subarray(0, SIGNED_BYTES),
    signature,
    attestationKey,
    qeReport,
    qeReportSignature,
    authData,
    pckChainPem: readPem(chain),
  };
}
