import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ClientError } from '../client-error.ts';
import type {
  EnclaveRequest,
  EnclaveResponse,
  EnclaveTransport,
  TransportOptions,
} from '../enclave-transport.ts';
import { checkedSpkiSha256, connectPinned } from './pinned-socket.ts';

export interface PinnedTransportOptions extends TransportOptions {
  /** Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Default 64. */
  readonly maxSockets?: number;
}

/** An agent whose every connection was checked before it is handed out. */
class PinnedAgent extends Agent {
  readonly #options: PinnedTransportOptions;
  readonly #url: URL;

  constructor(options: PinnedTransportOptions) {
    super({
      keepAlive: true,
      maxSockets: options.maxSockets ?? 64,
      maxCachedSessions: 0,
      scheduling: 'lifo',
    });
    this.#options = options;
    this.#url = new URL(options.origin);
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    connectPinned(
      {
        host: this.#url.hostname.replace(/^\[|\]$/g, ''),
        port: Number(this.#url.port === '' ? 443 : this.#url.port),
        pins: this.#options.pins,
        timeoutMs: this.#options.connectTimeoutMs ?? 10_000,
      },
      callback as (error: Error | null, socket?: TLSSocket) => void,
    );
    return undefined;
  }
}

async function* readBody(message: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  try {
    // Throws when the connection closes before the message's end; that the end is the answer's, receipts prove.
    for await (const chunk of message) yield chunk as Uint8Array;
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw new ClientError('CLIENT_CUT', 'the connection broke inside the answer', { cause });
  } finally {
    message.destroy();
  }
}

function toResponse(message: IncomingMessage, signal: AbortSignal): EnclaveResponse {
  const headers = new Map<string, string>();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    if (values !== undefined) headers.set(name, values.join(', '));
  }
  return {
    status: message.statusCode ?? 0,
    headers,
    body: readBody(message, signal),
    peerSpkiSha256: checkedSpkiSha256(message.socket),
  };
}

function send(agent: PinnedAgent, origin: string, request: EnclaveRequest): Promise<EnclaveResponse> {
  return new Promise((resolve, reject) => {
    if (request.signal.aborted) return reject(request.signal.reason as Error);
    const outgoing = httpsRequest(
      new URL(request.path, origin),
      { agent, method: request.method, headers: { ...request.headers }, signal: request.signal },
      (message) => resolve(toResponse(message, request.signal)),
    );
    outgoing.on('error', (cause) => {
      if (request.signal.aborted) return reject(request.signal.reason as Error);
      if (cause instanceof ClientError) return reject(cause);
      reject(new ClientError('CLIENT_CONNECT', `${origin} broke the connection`, { cause }));
    });
    // Chunked: EHBP section 4.1 leaves the length out.
    if (request.body !== null) outgoing.write(request.body);
    outgoing.end();
  });
}

/** A transport over node:https that pins the server's key on every connection and never resumes a session. */
export function createPinnedTransport(options: PinnedTransportOptions): EnclaveTransport {
  if (new URL(options.origin).protocol !== 'https:') {
    throw new ClientError('CLIENT_CONFIG', `${options.origin} is not an https address`);
  }
  const agent = new PinnedAgent(options);
  return {
    send: (request) => send(agent, options.origin, request),
    close: () => agent.destroy(),
  };
}
