/** One DER element; `content` is a view. */
export interface Tlv {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly encoded: Uint8Array;
}

/**
 * The element at `at`, or undefined where there is none. Only for sorting files: whatever comes of it is read again,
 * strictly, by the verifier.
 */
export function readTlv(bytes: Uint8Array, at = 0): Tlv | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first - 0x80;
    if (count === 0 || count > 4) return undefined;
    length = 0;
    for (const byte of bytes.subarray(start, start + count)) length = length * 256 + byte;
    start += count;
  }
  const end = start + length;
  if (end > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, end), encoded: bytes.subarray(at, end) };
}

/** Up to `max` elements that stand one after the other. */
export function readTlvs(bytes: Uint8Array, max = 64): Tlv[] {
  const found: Tlv[] = [];
  for (let at = 0; at < bytes.length && found.length < max; ) {
    const next = readTlv(bytes, at);
    if (next === undefined) break;
    found.push(next);
    at += next.encoded.length;
  }
  return found;
}
