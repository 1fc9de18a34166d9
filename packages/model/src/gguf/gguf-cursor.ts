import { decodeUtf8 } from '@dcml/core';
import { ModelError } from '../model-error.ts';

/** The bytes given so far end before the header does, but the file goes on. */
export class MoreBytesNeeded extends Error {
  override readonly name = 'MoreBytesNeeded';
}

/** Little-endian reads from a prefix of a file. Throws `MODEL_GGUF` where the file itself ends. */
export class GgufCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fileSize: number;
  #at = 0;

  constructor(bytes: Uint8Array, fileSize: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fileSize = fileSize;
  }

  get offset(): number {
    return this.#at;
  }

  /** Bytes of the file that are not read yet. */
  get remaining(): number {
    return this.#fileSize - this.#at;
  }

  fail(why: string): never {
    throw new ModelError('MODEL_GGUF', `GGUF: ${why} at offset ${this.#at}`, {
      details: { offset: this.#at },
    });
  }

  #take(length: number): number {
    if (length > this.remaining) this.fail('the file ends inside the header');
    if (this.#at + length > this.#bytes.length) throw new MoreBytesNeeded();
    const start = this.#at;
    this.#at += length;
    return start;
  }

  uint8 = (): number => this.#view.getUint8(this.#take(1));
  int8 = (): number => this.#view.getInt8(this.#take(1));
  uint16 = (): number => this.#view.getUint16(this.#take(2), true);
  int16 = (): number => this.#view.getInt16(this.#take(2), true);
  uint32 = (): number => this.#view.getUint32(this.#take(4), true);
  int32 = (): number => this.#view.getInt32(this.#take(4), true);
  float32 = (): number => this.#view.getFloat32(this.#take(4), true);
  float64 = (): number => this.#view.getFloat64(this.#take(8), true);
  uint64 = (): bigint => this.#view.getBigUint64(this.#take(8), true);
  int64 = (): bigint => this.#view.getBigInt64(this.#take(8), true);

  bool = (): boolean => {
    const byte = this.uint8();
    if (byte > 1) this.fail('a boolean is neither 0 nor 1');
    return byte === 1;
  };

  /** A 64-bit count, length or offset that a double holds. */
  size(what: string): number {
    const value = this.uint64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(`${what} ${value} is not possible`);
    return Number(value);
  }

  string = (): string => {
    const length = this.size('string length');
    const start = this.#take(length);
    try {
      return decodeUtf8(this.#bytes.subarray(start, start + length));
    } catch {
      this.fail('a string is not UTF-8');
    }
  };
}
