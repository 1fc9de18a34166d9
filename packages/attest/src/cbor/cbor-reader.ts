import { decodeUtf8 } from '@dcml/core';
import { formatError } from '../attest-error.ts';

/** Major types of RFC 8949 section 3.1. */
const major = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const;
export type CborType = keyof typeof major;
const typeNames = Object.keys(major) as CborType[];

const NULL = 0xf6;
const BREAK = 0xff;

/** An initial byte with its argument; `undefined` for an indefinite length. */
interface Head {
  readonly type: CborType;
  readonly argument: number | undefined;
}

/**
 * Reads CBOR (RFC 8949) of a known shape: shortest arguments, definite lengths, no duplicate keys; no floats and no
 * simple values but null. Every refusal names its offset.
 */
export class CborReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #base: number;
  #at = 0;

  /** `base` is the offset of `bytes` in the whole, for messages. */
  constructor(bytes: Uint8Array, what: string, base = 0) {
    this.#bytes = bytes;
    this.#what = what;
    this.#base = base;
  }

  /** Offset in the whole structure. */
  get offset(): number {
    return this.#base + this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  fail(problem: string, offset: number = this.offset): never {
    throw formatError(this.#what, problem, offset);
  }

  /** The type of the next item, or undefined at the end. */
  peek(): CborType | undefined {
    const first = this.#bytes[this.#at];
    return first === undefined ? undefined : typeNames[first >> 5];
  }

  #take(length: number, field: string, start: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) this.fail(`${field} is longer than what holds it`, start);
    const view = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return view;
  }

  #head(field: string): Head {
    const start = this.offset;
    const first = this.#take(1, field, start)[0]!;
    const type = typeNames[first >> 5]!;
    const info = first & 0x1f;
    if (info < 24) return { type, argument: info };
    if (info === 31) return { type, argument: undefined };
    if (info > 27) this.fail(`${field} has a reserved length`, start);
    const octets = this.#take(1 << (info - 24), field, start);
    const argument = octets.reduce((sum, octet) => sum * 256 + octet, 0);
    if (argument > Number.MAX_SAFE_INTEGER) this.fail(`${field} is larger than 2^53`, start);
    if (argument < (info === 24 ? 24 : 256 ** (octets.length / 2))) {
      this.fail(`${field} is not in shortest form`, start);
    }
    return { type, argument };
  }

  #definite(type: CborType, field: string): number {
    const start = this.offset;
    if (this.peek() !== type) this.fail(`expected ${field} (${type})`);
    const { argument } = this.#head(field);
    if (argument === undefined) return this.fail(`${field} has an indefinite length`, start);
    return argument;
  }

  /** An unsigned integer up to `max`, at most 2^53 - 1. */
  unsigned(field: string, max: number): number {
    const start = this.offset;
    const value = this.#definite('unsigned', field);
    if (value > max) this.fail(`${field} is larger than ${max}`, start);
    return value;
  }

  /** A view of a byte string of `min` to `max` bytes. */
  bytes(field: string, min: number, max: number): Uint8Array {
    return this.#string('bytes', field, min, max);
  }

  /** A text of `min` to `max` bytes of UTF-8. */
  text(field: string, min: number, max: number): string {
    return decodeUtf8(this.#string('text', field, min, max));
  }

  #string(type: 'bytes' | 'text', field: string, min: number, max: number): Uint8Array {
    const start = this.offset;
    const length = this.#definite(type, field);
    if (length < min || length > max) this.fail(`${field} has ${length} bytes, not ${min} to ${max}`, start);
    return this.#take(length, field, start);
  }

  /** The number of items in an array, which the caller then has to read. */
  array(field: string, min: number, max: number): number {
    const start = this.offset;
    const count = this.#definite('array', field);
    if (count < min || count > max) this.fail(`${field} has ${count} items, not ${min} to ${max}`, start);
    return count;
  }

  /** Skips a null if it comes next. */
  takeNull(): boolean {
    const found = this.#bytes[this.#at] === NULL;
    if (found) this.#at++;
    return found;
  }

  /** Skips a tag if it comes next; it must be `number`. */
  takeTag(number: number): boolean {
    if (this.peek() !== 'tag') return false;
    const start = this.offset;
    if (this.#definite('tag', 'tag') !== number) this.fail(`tag is not ${number}`, start);
    return true;
  }

  /**
   * Reads a map of at most `max` entries: for each, `readKey` and then `readValue`. Of both forms only the definite one
   * is taken, unless `mayBeIndefinite`. A key that comes twice is refused.
   */
  map<Key extends string | number>(
    field: string,
    max: number,
    readKey: () => Key,
    readValue: (key: Key) => void,
    mayBeIndefinite = false,
  ): void {
    const start = this.offset;
    if (this.peek() !== 'map') this.fail(`expected ${field} (map)`);
    const { argument: count } = this.#head(field);
    if (count === undefined && !mayBeIndefinite) this.fail(`${field} has an indefinite length`, start);
    const seen = new Set<Key>();
    while (count === undefined ? this.#bytes[this.#at] !== BREAK : seen.size < count) {
      if (seen.size === max) this.fail(`${field} has more than ${max} entries`, start);
      const keyAt = this.offset;
      const key = readKey();
      if (seen.has(key)) this.fail(`${field} has the key ${JSON.stringify(key)} twice`, keyAt);
      seen.add(key);
      readValue(key);
    }
    if (count === undefined) this.#at++;
  }

  end(): void {
    if (!this.isAtEnd) this.fail(`${this.#bytes.length - this.#at} unexplained bytes`);
  }
}
