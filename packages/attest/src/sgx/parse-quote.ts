import { ByteCursor } from '../byte-cursor.ts';
import { enclaveReportLayout, readEnclaveReport } from '../intel/enclave-report.ts';
import { MAX_QUOTE_BYTES, QUOTE_HEADER_BYTES, readQuoteHeader, TEE_SGX } from '../intel/quote-header.ts';
import { quoteRange, readQuoteSignature } from '../intel/quote-signature.ts';
import type { ByteRange } from '../verdict.ts';
import type { SgxQuote } from './quote.ts';

/**
 * Parses an SGX ECDSA quote version 3 (Intel SGX ECDSA Quote Library API, appendix A.4). After the signature data only
 * zero bytes may follow. Throws `ATTEST_FORMAT` with the offset.
 */
export function parseSgxQuote(bytes: Uint8Array): SgxQuote {
  const cursor = new ByteCursor(bytes, 'SGX quote');
  if (bytes.length > MAX_QUOTE_BYTES) cursor.fail(`is longer than ${MAX_QUOTE_BYTES} bytes`);
  const header = readQuoteHeader(cursor, [3], TEE_SGX);
  const body = readEnclaveReport(cursor, 'enclave report');
  const signedBytes = bytes.subarray(0, cursor.offset);
  return { header, body, signedBytes, ...readQuoteSignature(cursor, false) };
}

/** Where a field of the enclave's report is in its quote. */
export function enclaveFieldRange(field: keyof typeof enclaveReportLayout): ByteRange {
  const [offset, length] = enclaveReportLayout[field];
  return quoteRange(QUOTE_HEADER_BYTES + offset, length);
}
