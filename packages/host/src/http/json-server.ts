import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { canonicalizeJson, type JsonValue } from '@dcml/core';
import type { Counters } from '../counters.ts';
import { HostError } from '../host-error.ts';
import type { Log } from '../log.ts';
import { errorReply } from './error-reply.ts';
import { readJsonBody } from './read-body.ts';

export interface JsonRequest {
  /** The path's variable parts, in order. */
  readonly params: readonly string[];
  /** The parsed body of a POST. */
  readonly body: JsonValue;
  /** Aborts when the client goes away or the server closes. */
  readonly signal: AbortSignal;
}

export interface JsonReply {
  readonly status: number;
  readonly body: JsonValue;
}

export interface JsonRoute {
  readonly method: 'GET' | 'POST';
  /** Matches the whole path; its groups are the params. */
  readonly path: RegExp;
  handle(request: JsonRequest): Promise<JsonReply> | JsonReply;
}

export interface JsonServerOptions {
  readonly name: string;
  readonly routes: readonly JsonRoute[];
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  readonly maxConnections: number;
  /** Lets web pages of every origin read the answers: public data only. */
  readonly cors: boolean;
  readonly log: Log;
  readonly counters: Counters;
}

const CORS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'content-type',
  'access-control-max-age': '600',
};

function send(response: ServerResponse, reply: JsonReply, options: JsonServerOptions): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(canonicalizeJson(reply.body));
  response.writeHead(reply.status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
    ...(options.cors ? CORS : {}),
    // A body that was not read to its end cannot be followed by another request.
    ...(reply.status === 408 || reply.status === 413 ? { connection: 'close' } : {}),
  });
  response.end(body);
}

async function dispatch(
  request: IncomingMessage,
  signal: AbortSignal,
  options: JsonServerOptions,
): Promise<JsonReply> {
  const path = (request.url ?? '/').split('?', 1)[0]!;
  for (const route of options.routes) {
    const found = route.path.exec(path);
    if (found === null || route.method !== request.method) continue;
    const body = route.method === 'POST' ? await readJsonBody(request, options) : null;
    return await route.handle({ params: found.slice(1), body, signal });
  }
  throw new HostError('HOST_NOT_FOUND', `no ${request.method ?? '?'} ${path.slice(0, 80)} here`);
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: JsonServerOptions,
): Promise<void> {
  options.counters.add(`${options.name}_requests`);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  if (options.cors && request.method === 'OPTIONS') {
    response.writeHead(204, CORS).end();
    return;
  }
  try {
    send(response, await dispatch(request, gone.signal, options), options);
  } catch (error) {
    const reply = errorReply(error);
    options.counters.add(`${options.name}_errors`);
    const fields = { server: options.name, status: reply.status, code: reply.code };
    options.log(reply.status >= 500 ? 'error' : 'debug', 'request_failed', fields);
    send(response, reply, options);
  }
}

/** An HTTP server for small JSON bodies with bounds on size, time and connections. Not listening yet. */
export function createJsonServer(options: JsonServerOptions): Server {
  const server = createServer(
    { maxHeaderSize: 16_384, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      void serve(request, response, options);
    },
  );
  server.headersTimeout = options.bodyTimeoutMs;
  server.requestTimeout = 2 * options.bodyTimeoutMs;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = options.maxConnections;
  return server;
}

/** Stops accepting, lets requests in flight finish for `graceMs`, then cuts them. */
export function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}
