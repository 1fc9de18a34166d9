import type { SignedQuote } from '../intel/authenticate-quote.ts';
import type { EnclaveReport } from '../intel/enclave-report.ts';
import type { QuoteHeader } from '../intel/quote-header.ts';

/** An SGX quote, read and not yet believed. */
export interface SgxQuote extends SignedQuote {
  readonly header: QuoteHeader;
  /** The report of the enclave. */
  readonly body: EnclaveReport;
}
