import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { concatBytes, encodeUtf8 } from '@dcml/core';

export interface FakeRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Uint8Array;
}

export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Hangs before the answer, or after the first bytes of its body. */
  readonly stall?: 'before' | 'inside';
  /** Promises the whole body, sends so many bytes and hangs up. */
  readonly cutAfter?: number;
}

export type FakeRoute = (request: FakeRequest) => FakeAnswer | undefined;

/** A service on this machine that answers as told and counts what it is asked. */
export interface FakeService {
  readonly url: string;
  /** Method, path and query of every request. */
  readonly asked: string[];
  /** Looked at first, for what goes wrong. */
  fault: FakeRoute | undefined;
  route: FakeRoute;
  close(): Promise<void>;
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of incoming as AsyncIterable<Uint8Array>) parts.push(part);
  return concatBytes(...parts);
}

function reply(response: ServerResponse, answer: FakeAnswer): void {
  if (answer.stall === 'before') return;
  const { body = '', headers, status = 200 } = answer;
  const bytes = typeof body === 'string' ? encodeUtf8(body) : body;
  const isChunked = headers?.['transfer-encoding'] !== undefined;
  response.writeHead(status, { ...(isChunked ? {} : { 'content-length': bytes.length }), ...headers });
  if (answer.stall === 'inside') response.write(bytes.subarray(0, 1));
  else if (answer.cutAfter === undefined) response.end(bytes);
  else response.write(bytes.subarray(0, answer.cutAfter), () => response.destroy());
}

export async function startFakeService(
  route: FakeRoute,
  tls?: { readonly key: string; readonly cert: string },
): Promise<FakeService> {
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(incoming.url ?? '/', 'http://fake');
    const { method = '', headers } = incoming;
    service.asked.push(`${method} ${url.pathname}${url.search}`);
    const request = { url, method, headers, body: await readBody(incoming) };
    reply(response, service.fault?.(request) ?? service.route(request) ?? { status: 404 });
  };
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    handle(incoming, response).catch(() => response.destroy());
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const service: FakeService = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    asked: [],
    fault: undefined,
    route,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return service;
}
