import { concatBytes } from '@dcml/core';
import type { Tpm } from './tpm.ts';
import { TpmError } from './tpm-error.ts';
import { TpmWriter } from './tpm-writer.ts';

/** `length` bytes of the TPM's random numbers (part 3, `TPM2_GetRandom`), which gives at most a digest at once. */
export async function getRandom(tpm: Tpm, length: number, signal: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let left = length;
  while (left > 0) {
    const parameters = new TpmWriter().u16(Math.min(left, 32)).finish();
    const answer = await tpm.run({ name: 'getRandom', parameters }, signal);
    const part = answer.parameters.sized();
    answer.parameters.end();
    if (part.length === 0 || part.length > left)
      throw new TpmError('the TPM gave another number of random bytes');
    parts.push(part);
    left -= part.length;
  }
  return concatBytes(...parts);
}
