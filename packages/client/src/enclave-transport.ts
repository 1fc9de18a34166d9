/** One HTTP request to an enclave. */
export interface EnclaveRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Null for a GET. */
  readonly body: Uint8Array | null;
  readonly signal: AbortSignal;
}

export interface EnclaveResponse {
  readonly status: number;
  /** By lowercase name. */
  readonly headers: ReadonlyMap<string, string>;
  /** Ends normally only at the end of the HTTP body; a broken connection throws `CLIENT_CUT`. */
  readonly body: AsyncIterable<Uint8Array>;
  /** SHA-256 of the SPKI that the server proved in TLS, lowercase hex; null where it cannot be seen (browsers). */
  readonly peerSpkiSha256: string | null;
}

/**
 * A way to one enclave. Sees sealed bodies only; what it returns is unauthenticated unless the connection is pinned.
 * `send` throws `CLIENT_CONNECT`, `CLIENT_PIN`, or the signal's reason.
 */
export interface EnclaveTransport {
  send(request: EnclaveRequest): Promise<EnclaveResponse>;
  /** Ends idle and open connections. */
  close(): void;
}

export interface TransportOptions {
  /** For example `https://203.0.113.7:8443`. */
  readonly origin: string;
  /**
   * SPKI digests of which the server must prove one on every connection, before any byte is sent. Null connects to
   * anybody: for fetching a report only. Transports that cannot see certificates ignore it and protect by sealing.
   */
  readonly pins: readonly string[] | null;
}

export type OpenTransport = (options: TransportOptions) => EnclaveTransport;
