import { ByteCursor } from '../byte-cursor.ts';
import { MAX_QUOTE_BYTES, QUOTE_HEADER_BYTES, readQuoteHeader, TEE_TDX } from '../intel/quote-header.ts';
import { quoteRange, readQuoteSignature } from '../intel/quote-signature.ts';
import type { ByteRange } from '../verdict.ts';
import type { TdxQuote } from './quote.ts';
import {
  splitTdReport,
  TD_REPORT_10_BYTES,
  TD_REPORT_15_BYTES,
  type TdField,
  tdReportLayout,
} from './td-report.ts';

// Types of a version 5 quote's body; 1 is an SGX enclave report.
const bodySizes: ReadonlyMap<number, number> = new Map([
  [2, TD_REPORT_10_BYTES],
  [3, TD_REPORT_15_BYTES],
]);

/** Reads the body descriptor of version 5 (`u16` type, `u32` size); version 4 has a TD report 1.0 without one. */
function readBodySize(cursor: ByteCursor, version: number): number {
  if (version === 4) return TD_REPORT_10_BYTES;
  const type = cursor.u16('body type');
  const expected = bodySizes.get(type);
  if (expected === undefined)
    return cursor.fail(`body type ${type} is no TD report 1.0 or 1.5`, QUOTE_HEADER_BYTES);
  const size = cursor.u32('body size');
  if (size !== expected) {
    cursor.fail(`body type ${type} has ${size} bytes, expected ${expected}`, QUOTE_HEADER_BYTES + 2);
  }
  return size;
}

/**
 * Parses a TDX quote version 4, or 5 with a TD report 1.0 or 1.5. After the signature data only zero bytes may follow:
 * real guests return the quote in a larger zeroed buffer. Throws `ATTEST_FORMAT` with the offset.
 */
export function parseTdxQuote(bytes: Uint8Array): TdxQuote {
  const cursor = new ByteCursor(bytes, 'TDX quote');
  if (bytes.length > MAX_QUOTE_BYTES) cursor.fail(`is longer than ${MAX_QUOTE_BYTES} bytes`);
  const header = readQuoteHeader(cursor, [4, 5], TEE_TDX);
  const size = readBodySize(cursor, header.version);
  const bodyOffset = cursor.offset;
  const body = splitTdReport(cursor.bytes(size, 'TD report'));
  const signedBytes = bytes.subarray(0, cursor.offset);
  return { header, body, bodyOffset, signedBytes, ...readQuoteSignature(cursor, true) };
}

/** Where a field of the TD report is in its quote. */
export function tdFieldRange(quote: TdxQuote, field: TdField): ByteRange {
  const [offset, length] = tdReportLayout[field];
  return quoteRange(quote.bodyOffset + offset, length);
}
