import { ChainError } from '../chain-error.ts';

/** A byte string or a list, as views into the input. */
export type RlpItem = Uint8Array | readonly RlpItem[];

/** Deeper than any header, account or trie node. */
const MAX_DEPTH = 4;

function fail(problem: string, offset: number): never {
  throw new ChainError('CHAIN_PROOF', `RLP: ${problem} at offset ${offset}`, { details: { offset } });
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly isList: boolean;
}

/** Length of a long item, in its shortest form. */
function readLongLength(bytes: Uint8Array, offset: number, octets: number): number {
  if (octets > 4) fail('length is too large', offset);
  if (bytes[offset + 1] === 0) fail('length has a leading zero', offset);
  let length = 0;
  for (let i = 1; i <= octets; i++) {
    const octet = bytes[offset + i];
    if (octet === undefined) fail('ends inside a length', offset);
    length = length * 256 + octet;
  }
  if (length < 56) fail('short length in long form', offset);
  return length;
}

/** Ethereum Yellow Paper, appendix B; only the one canonical encoding of each item is accepted. */
function readSpan(bytes: Uint8Array, offset: number, end: number): Span {
  const first = bytes[offset];
  if (first === undefined || offset >= end) return fail('ends too early', offset);
  if (first < 0x80) return { start: offset, end: offset + 1, isList: false };
  const isList = first >= 0xc0;
  const base = isList ? 0xc0 : 0x80;
  const isLong = first > base + 55;
  const octets = isLong ? first - base - 55 : 0;
  const length = isLong ? readLongLength(bytes, offset, octets) : first - base;
  const start = offset + 1 + octets;
  if (length > end - start) fail('content is longer than what is left', offset);
  if (!isList && length === 1 && bytes[start]! < 0x80) fail('single byte in long form', offset);
  return { start, end: start + length, isList };
}

function readItem(bytes: Uint8Array, span: Span, depth: number): RlpItem {
  if (!span.isList) return bytes.subarray(span.start, span.end);
  if (depth === 0) fail('is nested too deeply', span.start);
  const items: RlpItem[] = [];
  for (let at = span.start; at < span.end; ) {
    const inner = readSpan(bytes, at, span.end);
    items.push(readItem(bytes, inner, depth - 1));
    at = inner.end;
  }
  return items;
}

/** Decodes exactly one item. Throws `CHAIN_PROOF` with the offset. */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  const span = readSpan(bytes, 0, bytes.length);
  if (span.end !== bytes.length) fail(`${bytes.length - span.end} unexplained bytes`, span.end);
  return readItem(bytes, span, MAX_DEPTH);
}

/** A list of `length` byte strings. Throws `CHAIN_PROOF`. */
export function decodeRlpStrings(
  bytes: Uint8Array,
  what: string,
  minLength: number,
  maxLength: number = minLength,
): Uint8Array[] {
  const item = decodeRlp(bytes);
  if (item instanceof Uint8Array || item.length < minLength || item.length > maxLength) {
    throw new ChainError('CHAIN_PROOF', `${what}: expected a list of ${minLength} items`);
  }
  return item.map((field, i) => {
    if (!(field instanceof Uint8Array)) throw new ChainError('CHAIN_PROOF', `${what}: item ${i} is a list`);
    return field;
  });
}

/** A non-negative integer in shortest form of at most `maxBytes`. Throws `CHAIN_PROOF`. */
export function readRlpInteger(bytes: Uint8Array, what: string, maxBytes: number): bigint {
  if (bytes.length > maxBytes || bytes[0] === 0) {
    throw new ChainError(
      'CHAIN_PROOF',
      `${what}: is no integer of at most ${maxBytes} bytes in shortest form`,
    );
  }
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}
