import { createHash, type Hash } from 'node:crypto';
import { concatBytes, toHex } from '@dcml/core';
import { digestMetadata, type GgufComponents } from '../gguf/gguf-components.ts';
import type { GgufHeader } from '../gguf/gguf-types.ts';
import { parseGgufPrefix } from '../gguf/parse-gguf.ts';

export interface GgufParts {
  readonly header: GgufHeader;
  readonly components: GgufComponents;
}

const MAGIC = [0x47, 0x47, 0x55, 0x46]; // "GGUF"

/**
 * Watches the bytes of a file go by: finds a GGUF header at the front and hashes the weights behind it, so that the
 * header that is used is made of the very bytes that were hashed.
 */
export class GgufWatcher {
  #front: Uint8Array[] = [];
  #frontBytes = 0;
  #nextAttempt = 0;
  #header: GgufHeader | undefined;
  #weights: Hash | undefined;
  #isOther = false;

  /** Throws `MODEL_GGUF` or `MODEL_GGUF_LIMIT` when a file starts like GGUF but is not. */
  update(bytes: Uint8Array, fileSize: number): void {
    if (this.#isOther) return;
    if (this.#weights !== undefined) {
      this.#weights.update(bytes);
      return;
    }
    // The caller uses its buffer again: what waits for the rest of the header must be a copy.
    this.#front.push(Uint8Array.from(bytes));
    this.#frontBytes += bytes.length;
    if (this.#frontBytes >= Math.min(Math.max(MAGIC.length, this.#nextAttempt), fileSize))
      this.#parse(fileSize);
  }

  #parse(fileSize: number): void {
    const front = concatBytes(...this.#front);
    this.#front = [front];
    this.#nextAttempt = 2 * front.length;
    if (MAGIC.some((byte, i) => front[i] !== byte)) {
      this.#isOther = true;
      this.#front = [];
      return;
    }
    this.#header = parseGgufPrefix(front, fileSize);
    if (this.#header === undefined) return;
    this.#weights = createHash('sha256').update(front.subarray(this.#header.directoryOffset));
    this.#front = [];
  }

  /** The parts once every byte went by; undefined when the file is not GGUF. */
  result(): GgufParts | undefined {
    if (this.#header === undefined || this.#weights === undefined) return undefined;
    const weights = toHex(this.#weights.digest());
    return { header: this.#header, components: { weights, ...digestMetadata(this.#header) } };
  }
}
