import type { Tpm } from './tpm.ts';
import { algorithms } from './tpm-constants.ts';
import { TpmError } from './tpm-error.ts';
import type { TpmReader } from './tpm-reader.ts';
import { TpmWriter } from './tpm-writer.ts';

const PCR_COUNT = 24;
const DIGEST_BYTES = 32;

/** `TPML_PCR_SELECTION` of registers of the SHA-256 bank. */
export function pcrSelection(pcrs: readonly number[]): Uint8Array<ArrayBuffer> {
  const bits = new Uint8Array(PCR_COUNT / 8);
  for (const pcr of pcrs) bits[pcr >> 3]! |= 1 << (pcr & 7);
  return new TpmWriter().u32(1).u16(algorithms.sha256).u8(bits.length).bytes(bits).finish();
}

/** Which registers a `TPML_PCR_SELECTION` of one bank names. */
function readSelection(reader: TpmReader): number[] {
  if (reader.u32() !== 1 || reader.u16() !== algorithms.sha256) {
    throw new TpmError('the TPM answered for another bank');
  }
  const bits = reader.bytes(reader.u8());
  return Array.from(bits, (byte, index) => [byte, index] as const).flatMap(([byte, index]) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((bit) => index * 8 + bit),
  );
}

/** Registers of the SHA-256 bank by number (part 3, `TPM2_PCR_Read`), which gives at most eight at once. */
export async function readPcrs(
  tpm: Tpm,
  pcrs: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Uint8Array>> {
  const values = new Map<number, Uint8Array>();
  let left = [...pcrs];
  while (left.length > 0) {
    const answer = await tpm.run({ name: 'pcrRead', parameters: pcrSelection(left) }, signal);
    answer.parameters.u32();
    const given = readSelection(answer.parameters);
    const count = answer.parameters.u32();
    if (count === 0 || count !== given.length) throw new TpmError('the TPM has no such registers');
    for (const pcr of given) {
      const value = answer.parameters.sized();
      if (value.length !== DIGEST_BYTES || !left.includes(pcr))
        throw new TpmError('the TPM gave another register');
      values.set(pcr, value);
    }
    left = left.filter((pcr) => !values.has(pcr));
  }
  return values;
}

/** Extends a register of the SHA-256 bank (part 3, `TPM2_PCR_Extend`). `digest`: 32 bytes. */
export async function extendPcr(
  tpm: Tpm,
  pcr: number,
  digest: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  if (digest.length !== DIGEST_BYTES) throw new TpmError(`a register is extended by ${DIGEST_BYTES} bytes`);
  const parameters = new TpmWriter().u32(1).u16(algorithms.sha256).bytes(digest).finish();
  await tpm.run({ name: 'pcrExtend', handles: [pcr], authorized: true, parameters }, signal);
}
