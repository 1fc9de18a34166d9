import { TransportError } from './transport-error.ts';

const LENGTH_BYTES = 4;

/** EHBP section 4.3: a 4-byte big-endian length, then the ciphertext. */
export function encodeFrame(ciphertext: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(LENGTH_BYTES + ciphertext.length);
  new DataView(frame.buffer).setUint32(0, ciphertext.length);
  frame.set(ciphertext, LENGTH_BYTES);
  return frame;
}

/**
 * Cuts a byte stream into frames, whatever the pieces it arrives in. A length over the limit is refused before
 * anything is kept for it; empty frames are dropped.
 */
export class FrameDecoder {
  readonly #maxFrameBytes: number;
  readonly #header = new Uint8Array(LENGTH_BYTES);
  #headerFilled = 0;
  /** Pieces of the frame under way, so that a byte-wise sender costs no quadratic copying. */
  #pieces: Uint8Array[] = [];
  #missing = 0;
  #length = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** The frames that `bytes` completes, in order. Throws `TRANSPORT_TOO_LARGE`. */
  push(bytes: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#missing === 0) {
        this.#header[this.#headerFilled++] = bytes[at++]!;
        if (this.#headerFilled === LENGTH_BYTES) this.#begin();
        continue;
      }
      const piece = bytes.subarray(at, at + this.#missing);
      at += piece.length;
      this.#missing -= piece.length;
      this.#pieces.push(this.#missing > 0 ? piece.slice() : piece);
      if (this.#missing === 0) frames.push(this.#complete());
    }
    return frames;
  }

  #begin(): void {
    this.#headerFilled = 0;
    this.#length = new DataView(this.#header.buffer).getUint32(0);
    if (this.#length > this.#maxFrameBytes) {
      throw new TransportError(
        'TRANSPORT_TOO_LARGE',
        `frame of ${this.#length} bytes, at most ${this.#maxFrameBytes} are read`,
      );
    }
    this.#missing = this.#length;
  }

  #complete(): Uint8Array {
    const [only, ...rest] = this.#pieces;
    this.#pieces = [];
    if (rest.length === 0) return only!;
    const frame = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of [only!, ...rest]) {
      frame.set(piece, at);
      at += piece.length;
    }
    return frame;
  }

  /** Throws `TRANSPORT_FRAMING` when the stream ends inside a frame. */
  end(): void {
    if (this.#headerFilled > 0 || this.#missing > 0) {
      throw new TransportError('TRANSPORT_FRAMING', 'the body ends inside a frame');
    }
  }
}
