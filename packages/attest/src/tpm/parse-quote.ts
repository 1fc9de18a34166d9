import { formatError } from '../attest-error.ts';
import { PCR_COUNT } from './algorithm-ids.ts';
import type { PcrBank, TpmQuote } from './evidence.ts';
import { parseTpmAttest, type TpmAttest } from './parse-attest.ts';
import { parseTpmSignature, type TpmSignature } from './parse-signature.ts';

const bankLengths: Readonly<Record<PcrBank, number>> = { sha1: 20, sha256: 32, sha384: 48 };

/** A quote with its signature and the values that came along, read and not yet believed. */
export interface ParsedTpmQuote {
  readonly message: Uint8Array;
  readonly attest: TpmAttest;
  readonly signature: TpmSignature;
  /** The bank that the values are said to be of. */
  readonly bank: PcrBank;
  /** Values by PCR number, those that the quote does not select included. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
}

/** Reads all parts of a quote from copies, so that nobody can change them between two checks. Throws `ATTEST_FORMAT`. */
export function parseTpmQuote(quote: TpmQuote): ParsedTpmQuote {
  const message = Uint8Array.from(quote.message);
  const length = bankLengths[quote.bank];
  const pcrs = new Map<number, Uint8Array>();
  for (const [pcr, value] of quote.pcrs) {
    if (!Number.isInteger(pcr) || pcr < 0 || pcr >= PCR_COUNT)
      throw formatError('TPM quote', `has no PCR ${pcr}`);
    if (value.length !== length) {
      throw formatError('TPM quote', `PCR ${pcr} has ${value.length} bytes, expected ${length}`);
    }
    pcrs.set(pcr, Uint8Array.from(value));
  }
  return {
    message,
    attest: parseTpmAttest(message),
    signature: parseTpmSignature(Uint8Array.from(quote.signature)),
    bank: quote.bank,
    pcrs,
  };
}
