import type { Tpm } from './tpm.ts';
import { TRANSIENT_FIRST } from './tpm-constants.ts';
import { TpmWriter } from './tpm-writer.ts';

const CAPABILITY_HANDLES = 1;
const MAX_HANDLES = 64;

/** Frees the slot of a transient object (part 3, `TPM2_FlushContext`). */
export async function flushContext(tpm: Tpm, handle: number, signal: AbortSignal): Promise<void> {
  // The handle counts as a parameter here.
  await tpm.run({ name: 'flushContext', parameters: new TpmWriter().u32(handle).finish() }, signal);
}

/** The transient objects that this connection sees (part 3, `TPM2_GetCapability`). */
export async function transientHandles(tpm: Tpm, signal: AbortSignal): Promise<number[]> {
  const parameters = new TpmWriter().u32(CAPABILITY_HANDLES).u32(TRANSIENT_FIRST).u32(MAX_HANDLES).finish();
  const { parameters: answer } = await tpm.run({ name: 'getCapability', parameters }, signal);
  // moreData and the capability, which repeats the question.
  answer.u8();
  answer.u32();
  const count = answer.u32();
  const found = Array.from({ length: Math.min(count, MAX_HANDLES) }, () => answer.u32());
  return found.filter((handle) => handle >>> 24 === TRANSIENT_FIRST >>> 24);
}
