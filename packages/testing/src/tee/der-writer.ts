import { concatBytes, encodeUtf8 } from '@dcml/core';

type Bytes = Uint8Array<ArrayBuffer>;

/** One DER element (X.690 section 8.1) with a short or long definite length. */
export function derElement(tag: number, ...contents: readonly Uint8Array[]): Bytes {
  const content = concatBytes(...contents);
  const { length } = content;
  if (length < 128) return concatBytes(Uint8Array.of(tag, length), content);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return concatBytes(Uint8Array.of(tag, 0x80 | octets.length, ...octets), content);
}

export const derSequence = (...parts: readonly Uint8Array[]): Bytes => derElement(0x30, ...parts);
export const derSet = (...parts: readonly Uint8Array[]): Bytes => derElement(0x31, ...parts);
export const derOctetString = (bytes: Uint8Array): Bytes => derElement(0x04, bytes);
export const derBitString = (bytes: Uint8Array, unusedBits = 0): Bytes =>
  derElement(0x03, Uint8Array.of(unusedBits), bytes);
export const derBoolean = (value: boolean): Bytes => derElement(0x01, Uint8Array.of(value ? 0xff : 0));
export const derEnumerated = (value: number): Bytes => derElement(0x0a, Uint8Array.of(value));
export const derUtf8 = (text: string): Bytes => derElement(0x0c, encodeUtf8(text));
/** An explicit context tag, for example `[3]` around certificate extensions. */
export const derExplicit = (number: number, ...parts: readonly Uint8Array[]): Bytes =>
  derElement(0xa0 | number, ...parts);

/** A non-negative INTEGER of big-endian bytes, in its shortest form. */
export function derInteger(value: Uint8Array | number): Bytes {
  const bytes = typeof value === 'number' ? integerBytes(value) : value;
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const shortest = bytes.subarray(start);
  const sign = (shortest[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0);
  return derElement(0x02, sign, shortest);
}

function integerBytes(value: number): Uint8Array {
  const octets: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Uint8Array.from(octets.length === 0 ? [0] : octets);
}

/** An OBJECT IDENTIFIER from its dotted text. */
export function derOid(dotted: string): Bytes {
  const arcs = dotted.split('.').map(Number);
  const octets: number[] = [];
  for (const arc of [arcs[0]! * 40 + arcs[1]!, ...arcs.slice(2)]) {
    const group = [arc % 128];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
      group.unshift(0x80 | (rest % 128));
    }
    octets.push(...group);
  }
  return derElement(0x06, Uint8Array.from(octets));
}

/** A Time (RFC 5280 section 4.1.2.5): UTCTime up to 2049, GeneralizedTime after; whole seconds. */
export function derTime(ms: number): Bytes {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return Number(digits.slice(0, 4)) < 2050
    ? derElement(0x17, encodeUtf8(`${digits.slice(2)}Z`))
    : derElement(0x18, encodeUtf8(`${digits}Z`));
}
