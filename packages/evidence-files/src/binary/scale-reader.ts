import { brokenFile } from '../evidence-files-error.ts';

/** Reads SCALE, the encoding of dstack's attestation container. Every method throws `EVIDENCE_FILE_BROKEN`. */
export class ScaleReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  bytes(length: number): Uint8Array {
    if (length > this.remaining) {
      throw brokenFile(this.#what, `needs ${length} bytes at offset ${this.#at}, ${this.remaining} are left`);
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  u32(): number {
    const [a, b, c, d] = this.bytes(4);
    return a! + b! * 0x100 + c! * 0x10000 + d! * 0x1000000;
  }

  /** A compact integer below 2^30. */
  compact(): number {
    const [first] = this.bytes(1);
    const mode = first! & 3;
    if (mode === 0) return first! >> 2;
    if (mode === 1) return (first! + this.bytes(1)[0]! * 0x100) >> 2;
    if (mode === 3) throw brokenFile(this.#what, `has an oversized count at offset ${this.#at - 1}`);
    const [b, c, d] = this.bytes(3);
    return Math.floor((first! + b! * 0x100 + c! * 0x10000 + d! * 0x1000000) / 4);
  }

  /** Bytes after their count. */
  counted(): Uint8Array {
    return this.bytes(this.compact());
  }
}
