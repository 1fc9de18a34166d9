import { formatError } from './attest-error.ts';

/** Reads fields in order, little-endian unless the name says otherwise; every read is bounded and every refusal names its offset. */
export class ByteCursor {
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

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  fail(problem: string, offset: number = this.offset): never {
    throw formatError(this.#what, problem, offset);
  }

  /** A view of the next `length` bytes. */
  bytes(length: number, field: string): Uint8Array {
    if (length > this.remaining) {
      this.fail(`${field} needs ${length} bytes, ${this.remaining} are left`);
    }
    const view = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return view;
  }

  u16(field: string): number {
    const [low, high] = this.bytes(2, field);
    return low! + high! * 0x100;
  }

  u32(field: string): number {
    return this.u16(field) + this.u16(field) * 0x10000;
  }

  u16be(field: string): number {
    const [high, low] = this.bytes(2, field);
    return high! * 0x100 + low!;
  }

  u32be(field: string): number {
    return this.u16be(field) * 0x10000 + this.u16be(field);
  }

  u64be(field: string): bigint {
    return (BigInt(this.u32be(field)) << 32n) | BigInt(this.u32be(field));
  }

  /** A cursor over the next `length` bytes, which this one skips. */
  sub(length: number, field: string): ByteCursor {
    const base = this.offset;
    return new ByteCursor(this.bytes(length, field), this.#what, base);
  }

  /** Skips `length` reserved bytes, which must be zero. */
  zero(length: number, field: string): void {
    const start = this.offset;
    const index = this.bytes(length, field).findIndex((byte) => byte !== 0);
    if (index >= 0) this.fail(`${field} must be zero`, start + index);
  }

  end(): void {
    if (this.remaining > 0) this.fail(`${this.remaining} unexplained bytes`);
  }
}
