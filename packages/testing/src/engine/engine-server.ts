import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDcmlError, type JsonObject, parseJson } from '@dcml/core';
import type { Engine, EngineEndpoint } from '@dcml/enclave';

export interface EngineServer {
  /** `http://127.0.0.1:PORT` */
  readonly baseUrl: string;
  close(): Promise<void>;
}

const ENDPOINTS: readonly string[] = ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'];

/** An engine behind plain HTTP, as an OpenAI-compatible server would show it. For tests only: no payment, no keys. */
export async function serveEngine(engine: Engine): Promise<EngineServer> {
  const server = createServer((request, response) => {
    answer(engine, request, response).catch((error: unknown) => refuse(response, error));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(engine: Engine, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/v1/models') {
    const list = { object: 'list', data: [{ id: engine.describe().modelName, object: 'model' }] };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(list));
    return;
  }
  if (request.method !== 'POST' || !ENDPOINTS.includes(request.url ?? '')) {
    response.writeHead(404).end();
    return;
  }
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  const body = Buffer.concat(parts);
  const json = parseJson(body.toString('utf8')) as JsonObject;
  const endpoint = request.url as EngineEndpoint;
  const estimate = await engine.estimate(endpoint, json, body);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const engineResponse = await engine.respond({
    endpoint,
    body,
    json,
    maxCompletionTokens: estimate.requestedCompletionTokens ?? estimate.availableCompletionTokens,
    responseId: 'chatcmpl-served',
    createdSeconds: 1_767_225_600,
    tenant: 'served',
    signal: gone.signal,
  });
  let started = false;
  for await (const chunk of engineResponse.chunks) {
    if (!started) response.writeHead(engineResponse.status, { 'content-type': engineResponse.contentType });
    started = true;
    response.write(chunk.bytes);
  }
  response.end();
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = isDcmlError(error) ? error.httpStatus : 500;
  const code = isDcmlError(error) ? error.code : 'unexpected';
  const message = error instanceof Error ? error.message : 'unexpected';
  const text = JSON.stringify({ error: { message, type: 'invalid_request_error', code, param: null } });
  response.writeHead(status, { 'content-type': 'application/json' }).end(text);
}
