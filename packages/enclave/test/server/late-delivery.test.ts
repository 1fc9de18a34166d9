import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { ChannelLedger } from '@dcml/channel';
import { encodeUtf8 } from '@dcml/core';
import { expect, it } from 'vitest';
import type { EngineChunk } from '../../src/engine/engine.ts';
import { Exchange } from '../../src/http/exchange.ts';
import { deliverStream } from '../../src/inference/deliver.ts';

it('counts nothing that the connection takes after the books of a request were closed', async () => {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const taken: (() => void)[] = [];
  response.write = ((_bytes: unknown, done: () => void) => taken.push(done) > 0) as never;
  const gone = new AbortController();
  const url = new URL('https://enclave/');
  const exchange = new Exchange({
    request,
    response,
    url,
    body: new Uint8Array(0),
    signal: gone.signal,
    sealer: null,
  });
  async function* chunks(): AsyncGenerator<EngineChunk> {
    yield { bytes: encodeUtf8('one'), usage: { promptTokens: 1, completionTokens: 1 } };
    gone.abort(new Error('the client went away'));
    yield { bytes: encodeUtf8('two'), usage: { promptTokens: 1, completionTokens: 2 } };
  }
  const delivered: unknown[] = [];
  const ledger = { deliver: (...what: unknown[]) => delivered.push(what) } as unknown as ChannelLedger;
  const answer = {
    status: 200,
    contentType: 'text/event-stream',
    forwardedBody: new Uint8Array(0),
    chunks: chunks(),
  } as const;
  const delivery = await deliverStream(exchange, answer, ledger, 1);
  expect(delivery).toMatchObject({ finish: 'aborted', usage: { promptTokens: 0, completionTokens: 0 } });
  for (const done of taken) done();
  expect(taken).toHaveLength(1);
  expect(delivered).toEqual([]);
});
