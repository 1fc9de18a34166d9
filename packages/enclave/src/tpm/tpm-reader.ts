import { TpmError } from './tpm-error.ts';

/** Reads big-endian fields in order; every read is bounded. Methods throw `TpmError`. */
export class TpmReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    if (this.#at + length > this.#bytes.length) throw new TpmError('the TPM gave a short answer');
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  u8(): number {
    return this.bytes(1)[0]!;
  }

  u16(): number {
    const [high, low] = this.bytes(2);
    return high! * 0x100 + low!;
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16();
  }

  /** A `TPM2B`. */
  sized(): Uint8Array<ArrayBuffer> {
    return this.bytes(this.u16());
  }

  /** All that is left. */
  rest(): Uint8Array<ArrayBuffer> {
    return this.bytes(this.#bytes.length - this.#at);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new TpmError('the TPM gave a long answer');
  }
}
