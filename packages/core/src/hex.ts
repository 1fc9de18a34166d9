import { CoreError } from './core-error.ts';

const DIGITS = '0123456789abcdef';
const OCTETS: readonly string[] = Array.from({ length: 256 }, (_, i) => DIGITS[i >> 4]! + DIGITS[i & 15]!);

/** Lowercase hex without prefix. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += OCTETS[byte]!;
  return text;
}

function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  return -1;
}

/**
 * Bytes of lowercase hex without prefix. One text per value: capitals, a prefix and odd lengths are refused.
 * Throws `CORE_ENCODING`.
 */
export function fromHex(text: string, what = 'hex', length?: number): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0) throw new CoreError('CORE_ENCODING', `${what}: hex has an odd number of digits`);
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) {
    const high = nibble(text.charCodeAt(2 * i));
    const low = nibble(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) {
      throw new CoreError('CORE_ENCODING', `${what}: not lowercase hex at digit ${2 * i}`);
    }
    out[i] = high * 16 + low;
  }
  if (length !== undefined && out.length !== length) {
    throw new CoreError('CORE_ENCODING', `${what}: expected ${length} bytes, got ${out.length}`);
  }
  return out;
}

/** `0x`-prefixed lowercase hex, the form of chain values. */
export type Hex = `0x${string}`;

export function toPrefixedHex(bytes: Uint8Array): Hex {
  return `0x${toHex(bytes)}`;
}

/** Bytes of `0x`-prefixed lowercase hex. Throws `CORE_ENCODING`. */
export function fromPrefixedHex(text: string, what = 'hex', length?: number): Uint8Array<ArrayBuffer> {
  if (!text.startsWith('0x')) throw new CoreError('CORE_ENCODING', `${what}: expected a 0x prefix`);
  return fromHex(text.slice(2), what, length);
}
