import { formatError } from '../attest-error.ts';

export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Reads DER (X.690): definite lengths in shortest form, one-byte tags, no bytes left over. */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, what: string, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#what = what;
    this.#at = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#at;
  }

  get isEmpty(): boolean {
    return this.#at === this.#end;
  }

  fail(problem: string, offset: number = this.#at): never {
    throw formatError(this.#what, problem, offset);
  }

  /** The tag of the next element, or undefined at the end. */
  peek(): number | undefined {
    return this.isEmpty ? undefined : this.#bytes[this.#at];
  }

  #octet(): number {
    if (this.isEmpty) this.fail('DER ends too early');
    return this.#bytes[this.#at++]!;
  }

  #length(): number {
    const first = this.#octet();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 3) this.fail('DER length is indefinite or too long', this.#at - 1);
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#octet();
    if (length < 128 || length < 256 ** (count - 1)) this.fail('DER length is not in shortest form');
    return length;
  }

  /** A reader of the content of the next element, which must have `tag`. */
  read(tag: number, field: string): DerReader {
    const start = this.#at;
    if (this.peek() !== tag) this.fail(`expected ${field} (tag 0x${tag.toString(16)})`);
    this.#at++;
    const length = this.#length();
    if (length > this.#end - this.#at) this.fail(`${field} is longer than what holds it`, start);
    const content = new DerReader(this.#bytes, this.#what, this.#at, this.#at + length);
    this.#at += length;
    return content;
  }

  /** As `read`, for an element that may be absent. */
  readOptional(tag: number, field: string): DerReader | undefined {
    return this.peek() === tag ? this.read(tag, field) : undefined;
  }

  /** The next element whole, tag and length included. */
  encoded(tag: number, field: string): Uint8Array {
    const start = this.#at;
    this.read(tag, field);
    return this.#bytes.subarray(start, this.#at);
  }

  /** All bytes that are left. */
  rest(): Uint8Array {
    const view = this.#bytes.subarray(this.#at, this.#end);
    this.#at = this.#end;
    return view;
  }

  end(): void {
    if (!this.isEmpty) this.fail(`${this.#end - this.#at} unexplained bytes`);
  }
}
