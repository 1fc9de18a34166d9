import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
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
