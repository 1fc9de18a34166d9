import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { Counters } from '../src/counters.ts';
import { silentLog } from '../src/log.ts';
import { pumpBytes } from '../src/relay/pump.ts';
import { type Relay, type RelayOptions, startRelay } from '../src/relay/tcp-relay.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => void server.close());
  return (server.address() as { port: number }).port;
}

async function relayTo(
  port: number,
  change: Partial<RelayOptions> = {},
): Promise<Relay & { counters: Counters }> {
  const counters = new Counters();
  const relay = await startRelay({
    listen: { host: '127.0.0.1', port: 0 },
    target: { host: '127.0.0.1', port },
    maxConnections: 8,
    connectTimeoutMs: 1_000,
    idleTimeoutMs: 10_000,
    log: silentLog,
    counters,
    ...change,
  });
  cleanups.push(() => relay.close(0));
  return { ...relay, counters };
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** However it closed: `once` would reject on a reset. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.on('close', () => resolve()));

describe('relay', () => {
  it('passes bytes both ways and half-closes: the answer comes after the end of the request', async () => {
    const port = await listen((socket) => {
      void readAll(socket).then((all) => socket.end(Buffer.from(all).reverse()));
    });
    const relay = await relayTo(port);
    const client = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true });
    client.end(Buffer.from('abc'));
    expect((await readAll(client)).toString()).toBe('cba');
    expect(relay.counters.get('relay_bytes_up')).toBe(3);
    expect(relay.counters.get('relay_bytes_down')).toBe(3);
  });

  it('stops reading from a fast sender while the receiver does not read', () => {
    const written: Buffer[] = [];
    let accept: () => void = () => {};
    const from = new PassThrough();
    const to = new Duplex({
      writableHighWaterMark: 4,
      read() {},
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk);
        accept = done;
      },
    });
    pumpBytes(from, to, () => {});
    from.emit('data', Buffer.alloc(3));
    expect(from.isPaused()).toBe(false);
    from.emit('data', Buffer.alloc(3));
    expect(from.isPaused()).toBe(true);
    to.emit('drain');
    expect(from.isPaused()).toBe(false);
    accept();
  });

  it('passes 32 MiB unchanged through a slow reader', async () => {
    const block = Buffer.alloc(1 << 20, 7);
    const port = await listen((socket) => {
      for (let i = 0; i < 32; i++) socket.write(block);
      socket.end();
    });
    const relay = await relayTo(port);
    const all = await readAll(connect({ port: relay.port, host: '127.0.0.1' }));
    expect(all.length).toBe(32 << 20);
    expect(all.every((byte) => byte === 7)).toBe(true);
  });

  it('a reset of the enclave is no clean end for the client', async () => {
    const port = await listen((socket) => {
      socket.once('data', () => {
        socket.write('half', () => socket.resetAndDestroy());
      });
    });
    const relay = await relayTo(port);
    const client = connect({ port: relay.port, host: '127.0.0.1' });
    client.write('x');
    const ended = new Promise<string>((resolve) => {
      client.on('error', () => resolve('error'));
      client.on('end', () => resolve('end'));
      client.on('close', () => resolve('close'));
      client.resume();
    });
    expect(await ended).toBe('error');
  });

  it('cuts the client when the enclave is not there, and counts it', async () => {
    const free = await listen(() => {});
    await cleanups.pop()?.();
    const relay = await relayTo(free);
    const client = connect({ port: relay.port, host: '127.0.0.1' });
    client.on('error', () => {});
    await closed(client);
    expect(relay.counters.get('relay_connect_failed')).toBe(1);
  });

  it('bounds the connections', async () => {
    const port = await listen(() => {});
    const relay = await relayTo(port, { maxConnections: 1 });
    const first = connect({ port: relay.port, host: '127.0.0.1' });
    await once(first, 'connect');
    const second = connect({ port: relay.port, host: '127.0.0.1' });
    second.on('error', () => {});
    await closed(second);
    expect(relay.counters.get('relay_dropped')).toBe(1);
    expect(first.destroyed).toBe(false);
    first.destroy();
  });

  it('cuts idle connections', async () => {
    const port = await listen(() => {});
    const relay = await relayTo(port, { idleTimeoutMs: 50 });
    const client = connect({ port: relay.port, host: '127.0.0.1' });
    client.on('error', () => {});
    client.resume();
    await closed(client);
    expect(relay.counters.get('relay_idle_cut')).toBeGreaterThan(0);
  });

  it('HOST_PORT_TAKEN names the port', async () => {
    const port = await listen(() => {});
    await expect(relayTo(port, { listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'HOST_PORT_TAKEN',
      details: { where: `127.0.0.1:${port}` },
    });
  });
});
