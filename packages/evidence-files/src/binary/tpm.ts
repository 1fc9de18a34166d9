import { hasBytes } from './little-endian.ts';

/** TPM_GENERATED_VALUE, then TPM_ST_ATTEST_QUOTE. */
const QUOTE_START: readonly number[] = [0xff, 0x54, 0x43, 0x47, 0x80, 0x18];
const SPEC_ID_OFFSET = 32;
/** `Spec ID Event03` of the first record of a crypto-agile log. */
const SPEC_ID: readonly number[] = Array.from('Spec ID Event03', (char) => char.charCodeAt(0));

/** TPMS_ATTEST of a quote, with or without the size before it; undefined for anything else. */
export function readTpmMessage(bytes: Uint8Array): Uint8Array | undefined {
  if (hasBytes(bytes, 0, QUOTE_START)) return bytes;
  const size = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  return size === bytes.length - 2 && hasBytes(bytes, 2, QUOTE_START) ? bytes.subarray(2) : undefined;
}

/** True for a crypto-agile TCG event log, which a CC event log is too. */
export function isMeasuredLog(bytes: Uint8Array): boolean {
  return hasBytes(bytes, SPEC_ID_OFFSET, SPEC_ID);
}
