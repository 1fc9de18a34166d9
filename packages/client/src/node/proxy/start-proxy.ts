import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ClientError } from '../../client-error.ts';
import { fetchModels, verificationHeaders } from '../../dcml-fetch.ts';
import { exportArchive } from '../../receipt-archive.ts';
import { type InferenceEndpoint, inferenceEndpoints } from '../../request-cost.ts';
import type { Session } from '../../session.ts';
import { assertApiKey, corsHeaders, guardRequest } from './guard-request.ts';
import { proxyErrorBody, toDcmlError } from './proxy-error.ts';
import { serveAnswer } from './serve-answer.ts';
import { encodeSessionStatus } from './status-json.ts';

export interface ProxyOptions {
  readonly session: Session;
  /** 0 takes a free one. */
  readonly port: number;
  /** Only an address of this machine itself. Default 127.0.0.1. */
  readonly host?: '127.0.0.1' | '::1';
  /** Asked of every request as a bearer token; without it every program of this machine may use the proxy. */
  readonly apiKey?: string;
  /** Web origins whose pages may use the proxy. Default none. */
  readonly allowedOrigins?: readonly string[];
  /** Aborting closes the proxy. */
  readonly signal: AbortSignal;
  /** Failures by code; never bodies. */
  onFailure?(code: string, status: number): void;
}

export interface RunningProxy {
  /** For OpenAI clients: `${url}/v1` is their base URL. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, gives answers under way `graceMs`, then cuts them. Idempotent. */
  close(graceMs?: number): Promise<void>;
}

const MAX_BODY_BYTES = 16 << 20;
const RECEIPT_PATH = /^\/dcml\/receipts\/([A-Za-z0-9_-]{1,128})$/;

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY_BYTES)
      throw new ClientError('CLIENT_REQUEST', `the body is over ${MAX_BODY_BYTES} bytes`);
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

function send(call: Call, status: number, type: string, body: Uint8Array | string): void {
  call.response.writeHead(status, { ...call.headers, 'content-type': type, 'cache-control': 'no-store' });
  call.response.end(body);
}

async function serveInference(session: Session, endpoint: InferenceEndpoint, call: Call): Promise<void> {
  const answer = await session.send(endpoint, await readBody(call.request), call.signal);
  await serveAnswer(answer, await session.connection(), call.response, call.headers, call.signal);
}

async function serveModels(session: Session, call: Call): Promise<void> {
  const connection = await session.connection();
  const { status, body } = await fetchModels(connection, call.signal);
  const headers = { ...call.headers, ...verificationHeaders(connection, null) };
  send({ ...call, headers }, status, 'application/json', body);
}

async function serve(session: Session, call: Call): Promise<void> {
  const path = (call.request.url ?? '/').split('?', 1)[0]!;
  const { method } = call.request;
  if (method === 'OPTIONS') {
    call.response.writeHead(204, call.headers).end();
    return;
  }
  const endpoint = inferenceEndpoints.find((known) => known === path);
  if (method === 'POST' && endpoint !== undefined) return serveInference(session, endpoint, call);
  if (method === 'GET' && path === '/v1/models') return serveModels(session, call);
  if (method === 'GET' && path === '/dcml/status') {
    return send(call, 200, 'application/json', JSON.stringify(encodeSessionStatus(await session.status())));
  }
  const receipt = RECEIPT_PATH.exec(path)?.[1];
  if (method === 'GET' && receipt !== undefined) {
    return send(call, 200, 'application/json', await exportArchive(session.options.store, receipt));
  }
  throw new ClientError('CLIENT_NOT_FOUND', `the proxy serves no ${method ?? '?'} ${path.slice(0, 100)}`);
}

function createHandler(
  options: ProxyOptions,
  portOf: () => number,
  stop: AbortSignal,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new DOMException('the client went away', 'AbortError'));
    });
    response.on('error', () => {});
    const signal = AbortSignal.any([gone.signal, stop]);
    let headers: Readonly<Record<string, string>> = {};
    try {
      headers = corsHeaders(guardRequest(request, portOf(), options.allowedOrigins ?? []));
      if (options.apiKey !== undefined && request.method !== 'OPTIONS') assertApiKey(request, options.apiKey);
      await serve(options.session, { request, response, headers, signal });
    } catch (thrown) {
      if (gone.signal.aborted) return;
      const error = toDcmlError(thrown);
      options.onFailure?.(error.code, error.httpStatus);
      if (response.headersSent) return;
      response.writeHead(error.httpStatus, {
        ...headers,
        'content-type': 'application/json',
        // Asking again would pay again; what may be retried says so in its advice.
        ...(error.advice === 'retry' ? {} : { 'x-should-retry': 'false' }),
        connection: 'close',
      });
      response.end(JSON.stringify(proxyErrorBody(error)));
    }
  };
}

function listen(server: Server, options: ProxyOptions): Promise<number> {
  const host = options.host ?? '127.0.0.1';
  if (host !== '127.0.0.1' && host !== '::1') {
    throw new ClientError('CLIENT_PROXY_PORT', `${String(host)} is not an address of this machine only`);
  }
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new ClientError('CLIENT_PROXY_PORT', `cannot listen on ${host}:${options.port}`, { cause }));
    });
    server.listen(options.port, host, () => {
      const address = server.address();
      resolve(address === null || typeof address === 'string' ? 0 : address.port);
    });
  });
}

/**
 * Starts the local OpenAI-compatible proxy for unmodified clients: it verifies the enclave before anything is sent and
 * every answer before it counts as complete. Reachable from this machine only. Throws `CLIENT_PROXY_PORT`.
 */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const stop = new AbortController();
  let port = 0;
  const handle = createHandler(options, () => port, stop.signal);
  const server = createServer(
    { maxHeaderSize: 32_768 },
    (request, response) => void handle(request, response),
  );
  server.headersTimeout = 20_000;
  port = await listen(server, options);
  let closing: Promise<void> | null = null;
  const close = (graceMs = 5_000): Promise<void> => {
    closing ??= new Promise((resolve) => {
      const deadline = setTimeout(() => {
        stop.abort(new ClientError('CLIENT_CONNECT', 'the proxy is stopping'));
        server.closeAllConnections();
      }, graceMs);
      server.close(() => {
        clearTimeout(deadline);
        resolve();
      });
      server.closeIdleConnections();
    });
    return closing;
  };
  if (options.signal.aborted) await close(0);
  else options.signal.addEventListener('abort', () => void close(), { once: true });
  const host = options.host === '::1' ? '[::1]' : '127.0.0.1';
  return { url: `http://${host}:${port}`, port, close };
}
