import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { systemRandom } from '@dcml/core';
import { createEcKey, type EcKey, toPem, writeCertificate } from '@dcml/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EnclaveTransport } from '../src/enclave-transport.ts';
import { createPinnedTransport, type PinnedTransportOptions } from '../src/node/pinned-transport.ts';
import { readBounded } from '../src/read-bounded.ts';

interface Identity {
  readonly key: string;
  readonly cert: string;
  readonly spki: string;
}

function createIdentity(): Identity {
  const ec: EcKey = createEcKey(systemRandom);
  const names = { subject: 'test', issuer: 'test' };
  const window = { notBeforeMs: Date.now() - 1000, notAfterMs: Date.now() + 3_600_000 };
  const der = writeCertificate({ serial: Uint8Array.of(1), ...names, ...window }, ec, ec);
  // RFC 5480: the fixed DER before the point of a P-256 key.
  const prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
  const spki = createHash('sha256').update(prefix).update(ec.point).digest('hex');
  return { key: String(ec.signer.export({ type: 'pkcs8', format: 'pem' })), cert: toPem(der), spki };
}

const good = createIdentity();
const bad = createIdentity();
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

interface TestServer {
  readonly server: Server;
  readonly origin: string;
  readonly connections: Duplex[];
  requests: number;
}

async function serve(identity: Identity, handle?: RequestListener, port = 0): Promise<TestServer> {
  const connections: Duplex[] = [];
  const state = { requests: 0 };
  const server = createServer({ key: identity.key, cert: identity.cert }, (request, response) => {
    state.requests++;
    result.requests = state.requests;
    if (handle !== undefined) return handle(request, response);
    request.resume().on('end', () => response.end('ok'));
  });
  server.on('connection', (socket) => connections.push(socket));
  server.on('tlsClientError', () => {});
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port: at } = server.address() as { port: number };
  const result: TestServer = { server, origin: `https://127.0.0.1:${at}`, connections, requests: 0 };
  return result;
}

function open(options: PinnedTransportOptions): EnclaveTransport {
  const transport = createPinnedTransport(options);
  cleanups.push(() => transport.close());
  return transport;
}

const get = (signal = AbortSignal.timeout(5_000)): Parameters<EnclaveTransport['send']>[0] => ({
  method: 'GET',
  path: '/x',
  headers: {},
  body: null,
  signal,
});
const post = (body: Uint8Array): Parameters<EnclaveTransport['send']>[0] => ({
  ...get(),
  method: 'POST',
  body,
});

describe('live TLS key differs from the attested one; resumed session; rebinding after verification', () => {
  it('the pinned key is accepted and reported', async () => {
    const server = await serve(good);
    const response = await open({ origin: server.origin, pins: [bad.spki, good.spki] }).send(get());
    expect(response.status).toBe(200);
    expect(response.peerSpkiSha256).toBe(good.spki);
    expect(Buffer.from(await readBounded(response.body, 10)).toString()).toBe('ok');
  });

  it('without pins anybody is accepted, and the key is reported', async () => {
    const server = await serve(bad);
    expect((await open({ origin: server.origin, pins: null }).send(get())).peerSpkiSha256).toBe(bad.spki);
  });

  it('a wrong key: nothing of the request is sent', async () => {
    const server = await serve(bad);
    let received = 0;
    server.server.on('secureConnection', (socket) => {
      socket.on('data', (data: Buffer) => {
        received += data.length;
      });
    });
    const transport = open({ origin: server.origin, pins: [good.spki] });
    await expect(transport.send(post(new Uint8Array(10)))).rejects.toMatchObject({
      code: 'CLIENT_PIN',
      details: { spki_sha256: bad.spki },
    });
    expect(server.requests).toBe(0);
    expect(received).toBe(0);
  });

  it('no pins at all is not "any key"', async () => {
    const server = await serve(good);
    await expect(open({ origin: server.origin, pins: [] }).send(get())).rejects.toMatchObject({
      code: 'CLIENT_PIN',
    });
  });

  it('the key changes after verification: the next connection is refused', async () => {
    const first = await serve(good);
    const transport = open({ origin: first.origin, pins: [good.spki] });
    await readBounded((await transport.send(get())).body, 10);
    first.server.closeAllConnections();
    await new Promise<void>((resolve) => void first.server.close(() => resolve()));
    const second = await serve(bad, undefined, Number(new URL(first.origin).port));
    // The idle connection of the first server may still be in the pool: it fails as broken, never as trusted.
    const outcomes: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      outcomes.push(
        await transport.send(get()).then(
          () => 'answered',
          (error: { code: string }) => error.code,
        ),
      );
    }
    expect(outcomes.at(-1)).toBe('CLIENT_PIN');
    expect(outcomes).not.toContain('answered');
    expect(second.requests).toBe(0);
  });

  it('sessions are never resumed, so every connection proves the key', async () => {
    const server = await serve(good, (request, response) => {
      request.resume();
      response.setHeader('connection', 'close');
      response.end(String((request.socket as TLSSocket).isSessionReused()));
    });
    const transport = open({ origin: server.origin, pins: [good.spki] });
    for (let i = 0; i < 3; i++) {
      const response = await transport.send(get());
      expect(Buffer.from(await readBounded(response.body, 10)).toString()).toBe('false');
    }
    expect(server.connections.length).toBe(3);
  });

  it('a resumed session is refused, since its key is unproven', async () => {
    const spy = vi.spyOn(TLSSocket.prototype, 'isSessionReused').mockReturnValue(true);
    cleanups.push(() => spy.mockRestore());
    const server = await serve(good);
    await expect(open({ origin: server.origin, pins: [good.spki] }).send(get())).rejects.toMatchObject({
      code: 'CLIENT_PIN',
    });
  });
});

describe('connections', () => {
  it('are kept and reused', async () => {
    const server = await serve(good);
    const transport = open({ origin: server.origin, pins: [good.spki] });
    for (let i = 0; i < 5; i++) await readBounded((await transport.send(post(new Uint8Array(5)))).body, 10);
    expect(server.connections.length).toBe(1);
  });

  it('a sealed body goes out chunked, without a length', async () => {
    let headers: Record<string, unknown> = {};
    const server = await serve(good, (request, response) => {
      headers = request.headers;
      request.resume().on('end', () => response.end());
    });
    await open({ origin: server.origin, pins: [good.spki] }).send(post(new Uint8Array(5)));
    expect(headers['content-length']).toBeUndefined();
    expect(headers['transfer-encoding']).toBe('chunked');
  });

  it('an answer that breaks off is CLIENT_CUT, not an end', async () => {
    const server = await serve(good, (request, response) => {
      request.resume();
      response.write('half');
      setImmediate(() => response.destroy());
    });
    const response = await open({ origin: server.origin, pins: [good.spki] }).send(get());
    await expect(readBounded(response.body, 100)).rejects.toMatchObject({ code: 'CLIENT_CUT' });
  });

  it('nobody there is CLIENT_CONNECT, and http is CLIENT_CONFIG', async () => {
    const server = await serve(good);
    server.server.close();
    server.server.closeAllConnections();
    await expect(open({ origin: server.origin, pins: null }).send(get())).rejects.toMatchObject({
      code: 'CLIENT_CONNECT',
    });
    expect(() => createPinnedTransport({ origin: 'http://127.0.0.1:1', pins: null })).toThrow(
      expect.objectContaining({ code: 'CLIENT_CONFIG' }),
    );
  });

  it('a server that never finishes TLS meets the deadline', async () => {
    const { createServer: createTcp } = await import('node:net');
    const silent = createTcp(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    cleanups.push(() => void silent.close());
    const origin = `https://127.0.0.1:${(silent.address() as { port: number }).port}`;
    const transport = open({ origin, pins: null, connectTimeoutMs: 50 });
    await expect(transport.send(get())).rejects.toMatchObject({ code: 'CLIENT_CONNECT' });
  });

  it("abort ends waiting and reading with the signal's reason", async () => {
    const server = await serve(good, (request, response) => {
      request.resume();
      response.write('first');
    });
    const transport = open({ origin: server.origin, pins: [good.spki] });
    const abort = new AbortController();
    const response = await transport.send(get(abort.signal));
    const reading = readBounded(response.body, 100);
    abort.abort(new RangeError('enough'));
    await expect(reading).rejects.toThrow('enough');
    await expect(transport.send(get(abort.signal))).rejects.toThrow('enough');
  });
});
