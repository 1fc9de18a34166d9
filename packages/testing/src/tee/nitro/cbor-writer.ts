import { concatBytes, encodeUtf8 } from '@dcml/core';

type Bytes = Uint8Array<ArrayBuffer>;

/** An initial byte with its argument in shortest form (RFC 8949 section 3). */
export function cborHead(majorType: number, argument: number): Bytes {
  const top = majorType << 5;
  if (argument < 24) return Uint8Array.of(top | argument);
  const size = argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : argument < 0x1_0000_0000 ? 4 : 8;
  const octets = Array.from({ length: size }, (_, i) => Math.floor(argument / 256 ** (size - 1 - i)) % 256);
  return Uint8Array.of(top | (24 + Math.log2(size)), ...octets);
}

export const cborUnsigned = (value: number): Bytes => cborHead(0, value);
export const cborBytes = (bytes: Uint8Array): Bytes => concatBytes(cborHead(2, bytes.length), bytes);
export const cborArray = (...items: readonly Uint8Array[]): Bytes =>
  concatBytes(cborHead(4, items.length), ...items);
export const cborNull: Uint8Array = Uint8Array.of(0xf6);

export function cborText(text: string): Bytes {
  const bytes = encodeUtf8(text);
  return concatBytes(cborHead(3, bytes.length), bytes);
}

/** A map of encoded keys and values in the given order. */
export function cborMap(
  entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[],
  isIndefinite = false,
): Bytes {
  const content = concatBytes(...entries.flat());
  return isIndefinite
    ? concatBytes(Uint8Array.of(0xbf), content, Uint8Array.of(0xff))
    : concatBytes(cborHead(5, entries.length), content);
}
