import { createHash, type Hash } from 'node:crypto';
import { concatBytes, toHex } from '@dcml/core';
import { digestMetadata, type GgufComponents } from '../gguf/gguf-components.ts';
import type { GgufHeader } from '../gguf/gguf-types.ts';
import { parseGgufPrefix } from '../gguf/parse-gguf.ts';

export interface GgufParts {
  readonly header: GgufHeader;
  readonly components: GgufComponents;
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

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
  #seenBytes = 0;
  readonly #weights: Hash = createHash('sha256');
  #isOther = false;

  /** Throws `MODEL_GGUF` or `MODEL_GGUF_LIMIT` when a file starts like GGUF but is not. */
  update(bytes: Uint8Array, fileSize: number): void {
    if (!this.#isOther && this.#header === undefined) this.#gatherFront(bytes, fileSize);
    else if (this.#header !== undefined) this.#hashData(bytes, this.#header.dataOffset);
    this.#seenBytes += bytes.length;
  }

  #gatherFront(bytes: Uint8Array, fileSize: number): void {
    // The caller uses its buffer again: what waits for the rest of the header must be a copy.
    this.#front.push(Uint8Array.from(bytes));
    this.#frontBytes += bytes.length;
    if (this.#frontBytes < Math.min(Math.max(MAGIC.length, this.#nextAttempt), fileSize)) return;
    const front = concatBytes(...this.#front);
    this.#front = [front];
    this.#nextAttempt = 2 * front.length;
    this.#isOther = MAGIC.some((byte, i) => front[i] !== byte);
    this.#header = this.#isOther ? undefined : parseGgufPrefix(front, fileSize);
    if (this.#header !== undefined) {
      const { directoryOffset, directoryEnd, dataOffset } = this.#header;
      this.#weights.update(front.subarray(directoryOffset, directoryEnd)).update(front.subarray(dataOffset));
    }
    if (this.#isOther || this.#header !== undefined) this.#front = [];
  }

  /** Leaves out the padding before the data, should the header have ended just before it. */
  #hashData(bytes: Uint8Array, dataOffset: number): void {
    this.#weights.update(bytes.subarray(Math.max(0, dataOffset - this.#seenBytes)));
  }

  /** The parts once every byte went by; undefined when the file is not GGUF. */
  result(): GgufParts | undefined {
    if (this.#header === undefined) return undefined;
    const weights = toHex(this.#weights.digest());
    return { header: this.#header, components: { weights, ...digestMetadata(this.#header, sha256) } };
  }
}
