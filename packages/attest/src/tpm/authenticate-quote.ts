import { concatBytes, equalBytes, sha256, sha384, toHex } from '@dcml/core';
import type { PublicKey } from '../x509/public-key.ts';
import { verifySignature } from '../x509/verify-signature.ts';
import type { TpmQuoteSheet } from './claims.ts';
import type { ParsedTpmQuote } from './parse-quote.ts';

/** Register values that an attestation key signed, by PCR number; what the quote did not select is left out. */
export type QuotedPcrs = ReadonlyMap<number, Uint8Array>;

/** SHA-1 values are refused: whoever can make collisions can give one register value two histories. */
function bankProblem({ attest, bank }: ParsedTpmQuote): string | undefined {
  if (attest.bank !== bank)
    return `the quote is over the ${attest.bank} bank, the values are of the ${bank} bank`;
  return bank === 'sha1' ? 'the quote is over the sha1 bank, which can be forged' : undefined;
}

/** TPM 2.0 Library, Part 3, section 18.4: the digest of the selected values in ascending order, by the signature's hash. */
function digestProblem({ attest, pcrs, signature }: ParsedTpmQuote): string | undefined {
  if (attest.pcrs.length === 0) return 'the quote is over no PCR';
  const missing = attest.pcrs.find((pcr) => !pcrs.has(pcr));
  if (missing !== undefined) return `the quote is over PCR ${missing}, whose value is not given`;
  const values = concatBytes(...attest.pcrs.map((pcr) => pcrs.get(pcr)!));
  const digest = signature.hash === 'sha256' ? sha256(values) : sha384(values);
  return equalBytes(digest, attest.pcrDigest)
    ? undefined
    : `the values hash to ${toHex(digest)}, the quote says ${toHex(attest.pcrDigest)}`;
}

/** Checks that the key signed the quote and the quote these values. Undefined unless both hold. */
export async function authenticateTpmQuote(
  sheet: TpmQuoteSheet,
  quote: ParsedTpmQuote,
  key: PublicKey,
): Promise<QuotedPcrs | undefined> {
  const { attest, message, signature } = quote;
  const isSigned = await verifySignature(key, signature.algorithm, signature.signature, message);
  const signedReason = `the attestation key signed the quote (${signature.algorithm})`;
  const problem = isSigned ? undefined : 'the attestation key did not sign the quote';
  if (!sheet.check('tpm_quote_signature', problem, signedReason)) return undefined;
  const isBank = sheet.check('pcr_bank', bankProblem(quote), `the quote is over the ${attest.bank} bank`);
  if (!isBank) return undefined;
  const list = attest.pcrs.join(', ');
  if (!sheet.check('pcr_digest', digestProblem(quote), `the quote signs the values of PCR ${list}`))
    return undefined;
  return new Map(attest.pcrs.map((pcr) => [pcr, quote.pcrs.get(pcr)!]));
}
