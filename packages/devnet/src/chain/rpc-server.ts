import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DevnetError } from '../devnet-error.ts';
import { type RpcOutcome, type RpcRequest, type RpcResponse, readRequest, rpcErrors } from './json-rpc.ts';

const MAX_BODY_BYTES = 8 << 20;
const MAX_BATCH = 1000;

export interface RpcServer {
  readonly url: string;
  close(): Promise<void>;
}

type Handle = (request: RpcRequest) => Promise<RpcOutcome>;

async function readBody(message: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function answerOne(value: unknown, handle: Handle): Promise<RpcResponse> {
  const request = readRequest(value);
  if (request === null) return { jsonrpc: '2.0', id: null, error: rpcErrors.invalid };
  return { jsonrpc: '2.0', id: request.id, ...(await handle(request)) };
}

async function answerBody(body: string, handle: Handle): Promise<RpcResponse | RpcResponse[]> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { jsonrpc: '2.0', id: null, error: rpcErrors.parse };
  }
  if (!Array.isArray(value)) return answerOne(value, handle);
  if (value.length === 0 || value.length > MAX_BATCH)
    return { jsonrpc: '2.0', id: null, error: rpcErrors.invalid };
  // Started in order, so they are executed in order and stored together.
  return Promise.all(value.map((item) => answerOne(item, handle)));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') return reject(cause);
      reject(new DevnetError('DEVNET_PORT_TAKEN', `port ${port} is taken`, { details: { port }, cause }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

/**
 * JSON-RPC over HTTP POST on 127.0.0.1, single requests and batches. Web pages cannot use it: JSON needs a
 * preflight, which is never granted. Throws `DEVNET_PORT_TAKEN`.
 */
export async function startRpcServer(port: number, handle: Handle): Promise<RpcServer> {
  const server = createServer((message, response) => {
    const isJson = /^application\/json\b/i.test(message.headers['content-type'] ?? '');
    if (message.method !== 'POST' || !isJson) {
      response.writeHead(message.method === 'POST' ? 415 : 405).end();
      return;
    }
    const serve = async (): Promise<void> => {
      const body = await readBody(message);
      if (body === null) {
        response.writeHead(413, { connection: 'close' }).end();
        return;
      }
      const answer = JSON.stringify(await answerBody(body, handle));
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
    };
    serve().catch(() => response.destroy());
  });
  await listen(server, port);
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
