import {
  createSha256,
  type DigestText,
  decodeUtf8,
  digestText,
  fromBase64Url,
  type Hasher,
  toBase64Url,
} from '@dcml/core';
import { TransportError } from './transport-error.ts';

const RECEIPT_PREFIX = ': dcml-receipt ';
const DONE_LINE = 'data: [DONE]';
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** The comment that ends a stream: what `ReceiptStreamReader` looks for. */
export function encodeReceiptComment(receipt: Uint8Array): string {
  return `${RECEIPT_PREFIX}${toBase64Url(receipt)}\n\n`;
}

export interface ReceiptStreamEnd {
  /** The receipt's bytes as sent; not yet verified. */
  readonly receipt: Uint8Array<ArrayBuffer>;
  /** SHA-256 of every byte before the receipt comment: what `response.returned` must say. */
  readonly bodyHash: DigestText;
  readonly bodyBytes: number;
}

/**
 * Watches an event stream go by. EHBP and TCP both accept a stream that was cut between two frames; here a stream
 * is complete only with `data: [DONE]` and the receipt comment after it.
 */
export interface ReceiptStreamReader {
  /**
   * The bytes of `chunk` that belong to the answer, to be handed on at once. Holds back only what may be the receipt
   * comment. Throws `TRANSPORT_STREAM_TRAILING`.
   */
  push(chunk: Uint8Array): Uint8Array<ArrayBuffer>;
  /** The end of the stream. Throws `TRANSPORT_STREAM_INCOMPLETE`, `TRANSPORT_STREAM_TRAILING`. */
  finish(): ReceiptStreamEnd;
}

export interface ReceiptStreamReaderOptions {
  /** Over node:crypto where speed matters. */
  readonly hasher?: Hasher;
  /** Base64url characters. */
  readonly maxReceiptLength?: number;
}

export function createReceiptStreamReader(options: ReceiptStreamReaderOptions = {}): ReceiptStreamReader {
  return new LineReader(options.hasher ?? createSha256(), options.maxReceiptLength ?? 64 << 10);
}

type State = 'answer' | 'receipt' | 'ended';

class LineReader implements ReceiptStreamReader {
  readonly #hasher: Hasher;
  readonly #maxLength: number;
  /** The line so far, at most as long as it takes to tell the two lines that matter from others. */
  #line = '';
  #state: State = 'answer';
  #done = false;
  #receipt: string[] = [];
  #receiptLength = 0;
  #bodyBytes = 0;
  /** Bytes of the line that may become the receipt comment: neither hashed nor handed on yet. */
  #held: number[] = [];

  constructor(hasher: Hasher, maxLength: number) {
    this.#hasher = hasher;
    this.#maxLength = maxLength;
  }

  push(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.#held.length + chunk.length);
    let length = 0;
    for (const byte of chunk) {
      if (this.#state === 'answer') {
        length = this.#answerByte(byte, out, length);
      } else if (this.#state === 'receipt') {
        this.#receiptByte(byte);
      } else if (byte !== NEWLINE && byte !== CARRIAGE_RETURN) {
        throw new TransportError('TRANSPORT_STREAM_TRAILING', 'the stream goes on after its receipt');
      }
    }
    if (length === 0) return NOTHING;
    const answer = out.subarray(0, length);
    this.#hasher.update(answer);
    this.#bodyBytes += length;
    return answer;
  }

  #answerByte(byte: number, out: Uint8Array, at: number): number {
    let length = at;
    if (byte === NEWLINE || byte === CARRIAGE_RETURN) {
      length = this.#release(out, length);
      out[length++] = byte;
      this.#endLine();
      return length;
    }
    const maybeReceipt =
      this.#line.length === this.#held.length && RECEIPT_PREFIX.charCodeAt(this.#line.length) === byte;
    // A line that outgrew both marks is neither of them, so the rest of it need not be remembered.
    if (this.#line.length <= RECEIPT_PREFIX.length) this.#line += String.fromCharCode(byte);
    if (maybeReceipt) {
      this.#held.push(byte);
      if (this.#held.length === RECEIPT_PREFIX.length) this.#beginReceipt();
      return length;
    }
    length = this.#release(out, length);
    out[length++] = byte;
    return length;
  }

  #release(out: Uint8Array, at: number): number {
    out.set(this.#held, at);
    const length = at + this.#held.length;
    this.#held = [];
    return length;
  }

  #endLine(): void {
    if (this.#done && this.#line !== '') {
      throw new TransportError('TRANSPORT_STREAM_TRAILING', 'the stream goes on after data: [DONE]');
    }
    if (this.#line === DONE_LINE) this.#done = true;
    this.#line = '';
  }

  #beginReceipt(): void {
    if (!this.#done) {
      throw new TransportError('TRANSPORT_STREAM_TRAILING', 'a receipt stands before data: [DONE]');
    }
    this.#held = [];
    this.#state = 'receipt';
  }

  #receiptByte(byte: number): void {
    if (byte === NEWLINE || byte === CARRIAGE_RETURN) {
      this.#state = 'ended';
      return;
    }
    if (++this.#receiptLength > this.#maxLength) {
      throw new TransportError(
        'TRANSPORT_STREAM_TRAILING',
        `the receipt is over ${this.#maxLength} characters`,
      );
    }
    this.#receipt.push(String.fromCharCode(byte));
  }

  finish(): ReceiptStreamEnd {
    if (this.#state !== 'ended') {
      throw new TransportError(
        'TRANSPORT_STREAM_INCOMPLETE',
        this.#done ? 'the stream has no receipt after data: [DONE]' : 'the stream ended before data: [DONE]',
      );
    }
    let receipt: Uint8Array<ArrayBuffer>;
    try {
      receipt = fromBase64Url(this.#receipt.join(''), 'receipt comment');
      decodeUtf8(receipt);
    } catch (cause) {
      throw new TransportError('TRANSPORT_STREAM_TRAILING', 'the receipt comment is not base64url of text', {
        cause,
      });
    }
    return { receipt, bodyHash: digestText(this.#hasher.digest()), bodyBytes: this.#bodyBytes };
  }
}
