import type { TpmPolicy } from '../policy/measured-boot-policy.ts';
import type { PublicKey } from '../x509/public-key.ts';
import { appraiseTpmQuote } from './appraise-quote.ts';
import { authenticateTpmQuote } from './authenticate-quote.ts';
import type { TpmQuoteSheet } from './claims.ts';
import { type QuotedState, quotedState } from './measurements.ts';
import type { ParsedTpmQuote } from './parse-quote.ts';

/**
 * Judges a quote under a key that is already believed, and the event log (if any) by it. Undefined unless the quote
 * and its register values are authentic; an event log that does not fit is a failed claim of its own.
 */
export async function judgeTpmQuote(
  sheet: TpmQuoteSheet,
  quote: ParsedTpmQuote,
  key: PublicKey,
  eventLog: Uint8Array | undefined,
  policy: TpmPolicy,
): Promise<QuotedState | undefined> {
  const pcrs = await authenticateTpmQuote(sheet, quote, key);
  if (pcrs === undefined || quote.bank === 'sha1') return undefined;
  appraiseTpmQuote(sheet, pcrs, quote.bank, eventLog, policy);
  return quotedState(quote.attest, pcrs);
}
