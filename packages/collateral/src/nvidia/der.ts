import { concatBytes, fromHex } from '@dcml/core';

/** One DER element (X.690) of at most 65,535 bytes. */
export function derElement(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts);
  const { length } = content;
  const header =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concatBytes(Uint8Array.of(tag, ...header), content);
}

export const derSequence = (...parts: readonly Uint8Array[]): Uint8Array => derElement(0x30, ...parts);

/** AlgorithmIdentifier of SHA-384 (RFC 5754 section 2). */
export const sha384Algorithm: Uint8Array = fromHex('300b0609608648016503040202');
