import { concatBytes, equalBytes, sha256 } from '@dcml/core';
import { pcrSelection, readPcrs } from './pcr.ts';
import type { Tpm } from './tpm.ts';
import { algorithms, GENERATED, TAG_ATTEST_QUOTE } from './tpm-constants.ts';
import { TpmError } from './tpm-error.ts';
import { TpmReader } from './tpm-reader.ts';
import { TpmWriter } from './tpm-writer.ts';

const MAX_ATTEMPTS = 4;

export interface TpmQuoteAnswer {
  /** `TPMS_ATTEST`. */
  readonly message: Uint8Array;
  /** `TPMT_SIGNATURE`. */
  readonly signature: Uint8Array;
  /** The registers that the message signs, SHA-256 bank. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
}

/** `extraData` and the digest over the registers of a `TPMS_ATTEST` (part 2, section 10.12). */
function readAttest(message: Uint8Array): { extraData: Uint8Array; pcrDigest: Uint8Array } {
  const reader = new TpmReader(message);
  if (reader.u32() !== GENERATED || reader.u16() !== TAG_ATTEST_QUOTE)
    throw new TpmError('the TPM gave no quote');
  reader.sized();
  const extraData = reader.sized();
  // clockInfo: clock, resetCount, restartCount, safe; then the firmware's version.
  reader.bytes(8 + 4 + 4 + 1 + 8);
  const banks = reader.u32();
  for (let bank = 0; bank < banks; bank++) {
    reader.u16();
    reader.bytes(reader.u8());
  }
  const pcrDigest = reader.sized();
  reader.end();
  return { extraData, pcrDigest };
}

async function quoteOnce(
  tpm: Tpm,
  key: number,
  qualifyingData: Uint8Array,
  pcrs: readonly number[],
  signal: AbortSignal,
): Promise<{ message: Uint8Array; signature: Uint8Array }> {
  const parameters = new TpmWriter()
    .sized(qualifyingData)
    // The key's own scheme.
    .u16(algorithms.null)
    .bytes(pcrSelection(pcrs))
    .finish();
  const answer = await tpm.run({ name: 'quote', handles: [key], authorized: true, parameters }, signal);
  const message = answer.parameters.sized();
  return { message, signature: answer.parameters.rest() };
}

/**
 * A quote by a loaded key whose scheme hashes with SHA-256 (part 3, `TPM2_Quote`), and the registers that it signs.
 * Registers are read apart from the quote: when one changed in between, both are made again.
 */
export async function quote(
  tpm: Tpm,
  key: number,
  qualifyingData: Uint8Array,
  pcrs: readonly number[],
  signal: AbortSignal,
): Promise<TpmQuoteAnswer> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const values = await readPcrs(tpm, pcrs, signal);
    const { message, signature } = await quoteOnce(tpm, key, qualifyingData, pcrs, signal);
    const { extraData, pcrDigest } = readAttest(message);
    if (!equalBytes(extraData, qualifyingData)) throw new TpmError('the TPM quoted other data');
    const inOrder = [...values].sort(([a], [b]) => a - b).map(([, value]) => value);
    if (equalBytes(pcrDigest, sha256(concatBytes(...inOrder)))) return { message, signature, pcrs: values };
  }
  throw new TpmError('the registers change all the time');
}
