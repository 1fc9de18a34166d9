import { concatBytes } from '@dcml/core';
import type { Tpm } from './tpm.ts';
import { TpmError } from './tpm-error.ts';
import { TpmReader } from './tpm-reader.ts';
import { TpmWriter } from './tpm-writer.ts';

/** No TPM reads more at once (`TPM_PT_NV_BUFFER_MAX` is at least 512, 1024 in practice). */
const CHUNK_BYTES = 512;
const MAX_INDEX_BYTES = 16_384;

/** Bytes in an NV index (part 3, `TPM2_NV_ReadPublic`; `TPMS_NV_PUBLIC`). */
export async function nvSize(tpm: Tpm, index: number, signal: AbortSignal): Promise<number> {
  const answer = await tpm.run({ name: 'nvReadPublic', handles: [index] }, signal);
  const area = new TpmReader(answer.parameters.sized());
  // nvIndex, nameAlg, attributes, authPolicy
  area.u32();
  area.u16();
  area.u32();
  area.sized();
  const size = area.u16();
  area.end();
  return size;
}

/**
 * All of an NV index (part 3, `TPM2_NV_Read`) that its own empty password opens, for example Azure's HCL report at
 * 0x01400001.
 */
export async function nvRead(tpm: Tpm, index: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const size = await nvSize(tpm, index, signal);
  if (size > MAX_INDEX_BYTES) throw new TpmError(`the index holds more than ${MAX_INDEX_BYTES} bytes`);
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < size; offset += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, size - offset);
    const parameters = new TpmWriter().u16(length).u16(offset).finish();
    const answer = await tpm.run(
      { name: 'nvRead', handles: [index, index], authorized: true, parameters },
      signal,
    );
    const part = answer.parameters.sized();
    answer.parameters.end();
    if (part.length !== length) throw new TpmError('the TPM gave another part of the index');
    parts.push(part);
  }
  return concatBytes(...parts);
}
