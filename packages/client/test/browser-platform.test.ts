import { decodeUtf8, encodeUtf8 } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { createBrowserPlatform } from '../src/browser-platform.ts';
import { ChannelAccount } from '../src/channel-account.ts';
import { connectEnclave } from '../src/connect-enclave.ts';
import { createFetchTransport } from '../src/fetch-transport.ts';
import { createMemoryClientStore } from '../src/memory-client-store.ts';
import { payRequest } from '../src/pay-request.ts';
import type { ClientPlatform } from '../src/platform.ts';
import { readBounded } from '../src/read-bounded.ts';
import { costRequest } from '../src/request-cost.ts';
import { simulationPolicy } from './fake-enclave.ts';
import { ENCLAVE_URL, FakeNetwork, HOST_URL, model, urlOf } from './fake-network.ts';

const signal = AbortSignal.timeout(20_000);

/** A page's `fetch` that reaches the fake enclave. */
function fetchTo(network: FakeNetwork): typeof fetch {
  return async (input, init) => {
    const { body, headers, status } = await network.enclave.transport().send({
      method: init?.method === 'POST' ? 'POST' : 'GET',
      path: urlOf(input).slice(ENCLAVE_URL.length),
      headers: init?.headers as Record<string, string>,
      body: (init?.body as Uint8Array | null | undefined) ?? null,
      signal: init?.signal ?? signal,
    });
    return new Response(await readBounded(body, 1 << 20), { status, headers: [...headers] });
  };
}

function browserPlatform(network: FakeNetwork): ClientPlatform {
  return {
    ...createBrowserPlatform(),
    fetch: network.platform.fetch,
    openTransport: createFetchTransport(fetchTo(network)),
  };
}

describe('in a browser', () => {
  it('verifies, pays and checks the receipt with WebCrypto over fetch; the TLS key stays unknown', async () => {
    const network = await FakeNetwork.start();
    const platform = browserPlatform(network);
    const connection = await connectEnclave({
      hostUrl: HOST_URL,
      model,
      policy: simulationPolicy,
      platform,
      signal,
    });
    const claim = connection.verdict.claims.find(({ name }) => name === 'tls_key_attested');
    expect(claim).toMatchObject({ outcome: 'unknown', optional: true });
    const store = createMemoryClientStore();
    const context = {
      connection,
      evidenceId: 'e',
      account: new ChannelAccount(store, platform, await network.openChannel(store, 10n ** 12n)),
      store,
      platform,
      maxWeiPerRequest: null,
      keepBodies: false,
      receiptsToKeep: 10,
      onKeysetHint: () => {},
    };
    const body = encodeUtf8('{"model":"fake","messages":[],"stream":true}');
    const answer = await payRequest(context, costRequest('/v1/chat/completions', body, 10), signal);
    if (answer.kind !== 'stream') throw new Error('expected a stream');
    let text = '';
    for await (const chunk of answer.body) text += decodeUtf8(chunk);
    expect(text).toContain('word-4');
    expect((await store.listReceipts(1))[0]).toMatchObject({ requestBody: null, responseBody: null });
  });
});

describe('fetch transport', () => {
  const request = {
    method: 'POST',
    path: '/x',
    headers: { a: 'b' },
    body: Uint8Array.of(1),
    signal,
  } as const;

  it('sends no cookies and follows no redirects', async () => {
    let seen: RequestInit | undefined;
    const transport = createFetchTransport(async (_input, init) => {
      seen = init;
      return new Response('ok', { headers: { 'X-Y': 'z' } });
    })({ origin: 'https://enclave.test', pins: [] });
    const response = await transport.send(request);
    expect(seen).toMatchObject({ credentials: 'omit', redirect: 'error', cache: 'no-store', method: 'POST' });
    expect(response.headers.get('x-y')).toBe('z');
    expect(response.peerSpkiSha256).toBeNull();
    expect(decodeUtf8(await readBounded(response.body, 10))).toBe('ok');
    transport.close();
  });

  it('CLIENT_CONNECT when nobody answers, CLIENT_CUT when the body breaks, the reason when aborted', async () => {
    const failing = createFetchTransport(async () => {
      throw new TypeError('failed');
    })({ origin: 'https://enclave.test', pins: null });
    await expect(failing.send(request)).rejects.toMatchObject({ code: 'CLIENT_CONNECT' });
    const aborted = AbortSignal.abort(new RangeError('enough'));
    await expect(failing.send({ ...request, signal: aborted })).rejects.toThrow('enough');
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new TypeError('reset')),
    });
    const cut = createFetchTransport(async () => new Response(broken))({
      origin: 'https://enclave.test',
      pins: null,
    });
    const { body } = await cut.send(request);
    await expect(readBounded(body, 10)).rejects.toMatchObject({ code: 'CLIENT_CUT' });
  });
});
