import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Exchange } from '../../src/http/exchange.ts';
import { readBody } from '../../src/http/read-body.ts';

describe('readBody', () => {
  it('gives up a client that sends too slowly', async () => {
    const incoming = new IncomingMessage(new Socket());
    incoming.push(Buffer.from('{"model"'));
    const body = readBody(incoming, { maxBytes: 1000, deadlineMs: 20 });
    await expect(body).rejects.toMatchObject({ code: 'ENCLAVE_TIMEOUT' });
  });

  it('reads a body that arrives in pieces', async () => {
    const incoming = new IncomingMessage(new Socket());
    for (const piece of ['a', 'b', 'c']) incoming.push(Buffer.from(piece));
    incoming.push(null);
    const body = await readBody(incoming, { maxBytes: 3, deadlineMs: 1000 });
    expect(Buffer.from(body).toString()).toBe('abc');
  });
});

describe('Exchange.flush', () => {
  it('does not wait for a client that does not read once the enclave stops', async () => {
    const request = new IncomingMessage(new Socket());
    const response = new ServerResponse(request);
    response.write = () => false; // the connection takes nothing
    const stop = new AbortController();
    const exchange = new Exchange({
      request,
      response,
      url: new URL('https://enclave/'),
      body: new Uint8Array(0),
      signal: stop.signal,
      sealer: null,
    });
    const delivered: string[] = [];
    exchange.write(new Uint8Array(1), () => delivered.push('chunk'));
    const flushed = exchange.flush();
    stop.abort();
    await flushed;
    await exchange.flush();
    expect(delivered).toEqual([]);
  }, 5000);
});
