import type { SignedQuote } from '../intel/authenticate-quote.ts';
import type { QuoteHeader } from '../intel/quote-header.ts';

/** TD report body: what the TDX module says about the guest. */
export interface TdBody {
  /** SVNs of the TDX module and its loader when the guest was created. */
  readonly teeTcbSvn: Uint8Array;
  readonly mrSeam: Uint8Array;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: Uint8Array;
  readonly xfam: Uint8Array;
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  /** RTMR0 to RTMR3. */
  readonly rtmrs: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  readonly reportData: Uint8Array;
  /** In a TD report 1.5 only: SVNs of the module that runs now, after updates that kept guests alive. */
  readonly teeTcbSvn2?: Uint8Array;
  /** In a TD report 1.5 only: hash over the service TDs that are bound to the guest; zero if there are none. */
  readonly mrServiceTd?: Uint8Array;
}

/** A TDX quote, read and not yet believed. */
export interface TdxQuote extends SignedQuote {
  readonly header: QuoteHeader;
  readonly body: TdBody;
  /** Offset of the TD report in the quote. */
  readonly bodyOffset: number;
}
