import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { EnclaveError } from '../enclave-error.ts';

/** How an answer is sealed; null on a plain exchange (TLS alone protects it). */
export interface AnswerSealer {
  readonly nonceHex: string;
  seal(plaintext: Uint8Array): Uint8Array;
  /** The value of `DCML-Receipt` on this exchange. */
  sealReceipt(receipt: Uint8Array): string;
  /** The bearer credential that may fetch this exchange's receipt. */
  readonly receiptCredential: string;
}

/** The token of `Authorization: Bearer`; null when there is none. */
export function bearerToken(header: string | undefined): string | null {
  return header?.startsWith('Bearer ') === true ? header.slice(7) : null;
}

/** How long a client may leave delivered bytes unread before the answer is given up. */
const DRAIN_DEADLINE_MS = 30_000;

/** One request, read and opened, and its answer. */
export class Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The request's plaintext. */
  readonly body: Uint8Array;
  /** Aborts when the client goes away or the enclave stops. */
  readonly signal: AbortSignal;
  readonly sealer: AnswerSealer | null;
  /** Headers that go with a refusal of this request, for example `PAYMENT-REQUIRED`. */
  refusalHeaders: Readonly<Record<string, string>> = {};
  readonly #response: ServerResponse;
  #written = 0;
  #flushed = 0;
  #waiting: (() => void) | null = null;

  constructor(options: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly url: URL;
    readonly body: Uint8Array;
    readonly signal: AbortSignal;
    readonly sealer: AnswerSealer | null;
  }) {
    this.method = options.request.method ?? 'GET';
    this.path = options.url.pathname;
    this.query = options.url.searchParams;
    this.headers = options.request.headers;
    this.body = options.body;
    this.signal = options.signal;
    this.sealer = options.sealer;
    this.#response = options.response;
  }

  /** The `PAYMENT-SIGNATURE` header. */
  get paymentSignature(): string | undefined {
    const value = this.headers['payment-signature'];
    return typeof value === 'string' ? value : undefined;
  }

  /** The bearer credential of the request: its own on a sealed exchange, else the `Authorization` header. */
  get receiptCredential(): string | null {
    if (this.sealer !== null) return this.sealer.receiptCredential;
    return bearerToken(this.headers.authorization);
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  /** Sends status and headers at once, so that a client knows that its request was admitted. */
  start(status: number, headers: Readonly<Record<string, string>>): void {
    const sealed = this.sealer === null ? {} : { 'Ehbp-Response-Nonce': this.sealer.nonceHex };
    this.#response.writeHead(status, { ...headers, ...sealed });
    this.#response.flushHeaders();
  }

  /** Sends bytes; `onDelivered` runs once the kernel has taken them, and never when the client was gone before. */
  write(plaintext: Uint8Array, onDelivered?: () => void): void {
    const bytes = this.sealer === null ? plaintext : this.sealer.seal(plaintext);
    this.#written++;
    this.#response.write(bytes, (error) => {
      this.#flushed++;
      if (error === null || error === undefined) onDelivered?.();
      if (this.#flushed === this.#written) this.#waiting?.();
    });
  }

  /** True while the client reads too slowly to send more. */
  get congested(): boolean {
    return this.#response.writableNeedDrain;
  }

  /**
   * Resolves when all written bytes were taken or refused, or nothing more is to be waited for: the client left or the
   * enclave stops. Throws `ENCLAVE_TIMEOUT` for a client that does not read.
   */
  async flush(): Promise<void> {
    if (this.#flushed === this.#written || this.#response.destroyed || this.signal.aborted) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#response.off('close', done);
        this.signal.removeEventListener('abort', done);
        this.#waiting = null;
      };
      const done = (): void => {
        settle();
        resolve();
      };
      const timer = setTimeout(() => {
        settle();
        reject(new EnclaveError('ENCLAVE_TIMEOUT', `the client did not read for ${DRAIN_DEADLINE_MS} ms`));
      }, DRAIN_DEADLINE_MS);
      this.#waiting = done;
      this.#response.once('close', done);
      this.signal.addEventListener('abort', done);
    });
  }

  /** Ends the answer. */
  end(): void {
    this.#response.end();
  }

  /** Breaks the connection: an answer that cannot be completed must not look complete. */
  destroy(): void {
    this.#response.destroy();
  }

  /** A whole answer in one write. */
  send(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    onDelivered?: () => void,
  ): void {
    this.start(status, headers);
    this.write(body, onDelivered);
    this.end();
  }
}
