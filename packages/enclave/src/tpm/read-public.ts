import type { Tpm } from './tpm.ts';

/** The public area (`TPMT_PUBLIC`) of a loaded or persistent key (part 3, `TPM2_ReadPublic`). */
export async function readPublic(tpm: Tpm, handle: number, signal: AbortSignal): Promise<Uint8Array> {
  const answer = await tpm.run({ name: 'readPublic', handles: [handle] }, signal);
  return answer.parameters.sized();
}
