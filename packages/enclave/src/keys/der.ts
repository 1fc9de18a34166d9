import { concatBytes, encodeUtf8 } from '@dcml/core';

/** Writers for the few DER forms (X.690) that a self-signed certificate needs. */

function lengthBytes(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  return Uint8Array.of(0x82, length >> 8, length & 0xff);
}

export function derValue(tag: number, content: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(tag), lengthBytes(content.length), content);
}

export const derSequence = (...items: readonly Uint8Array[]): Uint8Array =>
  derValue(0x30, concatBytes(...items));

export const derSet = (item: Uint8Array): Uint8Array => derValue(0x31, item);

export const derUtf8String = (text: string): Uint8Array => derValue(0x0c, encodeUtf8(text));

/** A positive integer from big-endian bytes. */
export function derUnsignedInteger(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  return derValue(0x02, trimmed[0]! >= 0x80 ? concatBytes(Uint8Array.of(0), trimmed) : trimmed);
}

export const derBitString = (bytes: Uint8Array): Uint8Array =>
  derValue(0x03, concatBytes(Uint8Array.of(0), bytes));

/** RFC 5280 section 4.1.2.5.2: GeneralizedTime for years from 2050, UTCTime before. */
export function derTime(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  return digits >= '2050'
    ? derValue(0x18, encodeUtf8(`${digits}Z`))
    : derValue(0x17, encodeUtf8(`${digits.slice(2)}Z`));
}

/** An object identifier given as its content octets. */
export const derOid = (...octets: readonly number[]): Uint8Array => derValue(0x06, Uint8Array.from(octets));
