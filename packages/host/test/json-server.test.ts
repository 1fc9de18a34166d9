import { once } from 'node:events';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import type { JsonValue } from '@dcml/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Counters } from '../src/counters.ts';
import { closeServer, createJsonServer, type JsonServerOptions } from '../src/http/json-server.ts';
import { listenTcp } from '../src/http/listen.ts';
import type { LogFields } from '../src/log.ts';
import { askEnclaveToApprove } from '../src/watch/ask-enclave.ts';
import { digests, makeConfig } from './fixtures.ts';

async function serve(change: Partial<JsonServerOptions>): Promise<{ port: number; logged: LogFields[] }> {
  const logged: LogFields[] = [];
  const server = createJsonServer({
    name: 'test',
    routes: [{ method: 'POST', path: /^\/echo$/, handle: ({ body }) => ({ status: 200, body }) }],
    maxBodyBytes: 100,
    bodyTimeoutMs: 5_000,
    maxConnections: 8,
    cors: false,
    log: (_level, _event, fields = {}) => void logged.push(fields),
    counters: new Counters(),
    ...change,
  });
  const port = await listenTcp(server, { host: '127.0.0.1', port: 0 });
  onTestFinished(() => closeServer(server, 0));
  return { port, logged };
}

describe('json server', () => {
  it('slow client: HOST_TIMEOUT, and the connection ends', async () => {
    const { port } = await serve({ bodyTimeoutMs: 30 });
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{"a"');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('HOST_TIMEOUT');
  });

  it('an unknown failure is HOST_INTERNAL and shows nothing of itself', async () => {
    const { port, logged } = await serve({
      routes: [
        {
          method: 'POST',
          path: /^\/echo$/,
          handle: () => {
            throw new Error('the secret is 42');
          },
        },
      ],
    });
    const response = await fetch(`http://127.0.0.1:${port}/echo`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(500);
    const body = JSON.stringify((await response.json()) as JsonValue);
    expect(body).toContain('HOST_INTERNAL');
    expect(body + JSON.stringify(logged)).not.toContain('secret');
  });

  it('a route may know when its client is gone', async () => {
    let gone: AbortSignal | undefined;
    let started = (): void => {};
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    const { port } = await serve({
      routes: [
        {
          method: 'GET',
          path: /^\/wait$/,
          handle: async ({ signal }) => {
            gone = signal;
            started();
            await once(signal, 'abort');
            return { status: 200, body: null };
          },
        },
      ],
    });
    const abort = new AbortController();
    const asking = fetch(`http://127.0.0.1:${port}/wait`, { signal: abort.signal });
    await running;
    abort.abort();
    await expect(asking).rejects.toThrow();
    if (gone?.aborted !== true) await once(gone!, 'abort');
    expect(gone?.aborted).toBe(true);
  });
});

describe('asking the enclave', () => {
  it('HOST_ENCLAVE when nobody is there', async () => {
    const nobody = createServer();
    const port = await listenTcp(nobody, { host: '127.0.0.1', port: 0 });
    await new Promise((resolve) => nobody.close(resolve));
    const id = digests.channelId(makeConfig());
    await expect(
      askEnclaveToApprove({ host: '127.0.0.1', port }, id, AbortSignal.timeout(5_000)),
    ).rejects.toMatchObject({ code: 'HOST_ENCLAVE' });
  });
});
