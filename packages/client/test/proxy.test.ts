import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { decodeUtf8, fromPrefixedHex } from '@dcml/core';
import { startTestChain, type TestChain } from '@dcml/devnet';
import { depositBond, registerHost, registerModel } from '@dcml/evm';
import { parseArchive } from '@dcml/receipt';
import { streamText } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createDcmlFetch } from '../src/dcml-fetch.ts';
import { createMemoryClientStore } from '../src/memory-client-store.ts';
import { type ProxyOptions, type RunningProxy, startProxy } from '../src/node/proxy/start-proxy.ts';
import { openSession, type Session } from '../src/session.ts';
import { simulationPolicy } from './fake-enclave.ts';
import { FakeNetwork, HOST_URL, model, price } from './fake-network.ts';

const DEPOSIT = 10n ** 12n;
const signal = AbortSignal.timeout(60_000);
const WORDS = 'word-0 word-1 word-2 word-3 word-4 ';
let chain: TestChain;
let network: FakeNetwork;
let session: Session;
let failures: string[];

beforeAll(async () => {
  chain = await startTestChain();
  await registerModel(chain.as('owner'), {
    model,
    price: { promptPerMTok: price.ownerPromptPerMTok, completionPerMTok: price.ownerCompletionPerMTok },
    composeHashes: [],
    uri: '',
  });
  const hostPrice = {
    promptPerMTok: price.hostPromptPerMTok,
    completionPerMTok: price.hostCompletionPerMTok,
  };
  await registerHost(chain.as('host'), { model, price: hostPrice, endpoint: HOST_URL });
  await depositBond(chain.as('host'), 10n ** 15n);
});
afterAll(() => chain.close());

beforeEach(async () => {
  network = await FakeNetwork.start({
    chainId: chain.chainId,
    ...chain.contracts,
    hostKey: fromPrefixedHex(chain.accounts.host.privateKey),
  });
  network.enclave.depositOf = () => DEPOSIT;
  failures = [];
  session = await openSession(
    {
      hostUrl: HOST_URL,
      model,
      policy: simulationPolicy,
      chain: chain.as('payer'),
      store: createMemoryClientStore(),
      platform: network.platform,
      autoOpen: { depositWei: DEPOSIT },
    },
    signal,
  );
});

async function start(change: Partial<ProxyOptions> = {}): Promise<RunningProxy> {
  const proxy = await startProxy({
    session,
    port: 0,
    signal: new AbortController().signal,
    onFailure: (code) => void failures.push(code),
    ...change,
  });
  onTestFinished(() => proxy.close(0));
  return proxy;
}

/** A request with headers that fetch would not let through. */
async function raw(
  proxy: RunningProxy,
  path: string,
  headers: Record<string, string>,
  body?: object,
): Promise<{ status: number; headers: IncomingMessage['headers']; text: string; whole: boolean }> {
  const outgoing = httpRequest({
    port: proxy.port,
    host: '127.0.0.1',
    path,
    method: body === undefined ? 'GET' : 'POST',
    headers,
  });
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  let whole = true;
  try {
    for await (const chunk of incoming) text += String(chunk);
  } catch {
    whole = false;
  }
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    text,
    whole: whole && incoming.complete,
  };
}

const chatBody = { model: 'fake', messages: [{ role: 'user', content: 'hi' }] };

describe('unmodified clients', () => {
  it('openai through the proxy: buffered and streamed', async () => {
    const proxy = await start();
    const client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: 'none', maxRetries: 0 });
    const { response } = await client.chat.completions
      .create({ model: 'fake', messages: [{ role: 'user', content: 'hi' }] })
      .withResponse();
    expect(response.headers.get('x-dcml-verdict')).toBe('pass; SIMULATED');
    expect(response.headers.get('x-dcml-receipt-id')).toMatch(/^rcpt-/);
    const stream = await client.chat.completions.create({
      model: 'fake',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(WORDS);
    expect((await client.models.list()).data[0]?.id).toBe('fake');
  });

  it('openai with fetch plugged in, without a proxy', async () => {
    const client = new OpenAI({
      baseURL: 'https://enclave.invalid/v1',
      apiKey: 'none',
      maxRetries: 0,
      fetch: createDcmlFetch(session),
    });
    const stream = await client.chat.completions.create({
      model: 'fake',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(WORDS);
  });

  it('the ai package with fetch plugged in: streamed', async () => {
    const provider = createOpenAICompatible({
      name: 'dcml',
      baseURL: 'https://enclave.invalid/v1',
      fetch: createDcmlFetch(session),
    });
    const { textStream } = streamText({ model: provider('fake'), prompt: 'hi', maxRetries: 0 });
    let text = '';
    for await (const part of textStream) text += part;
    expect(text).toBe(WORDS);
  });

  it('openai sees an error, not an end, when a stream does not verify', async () => {
    const proxy = await start();
    const client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: 'none', maxRetries: 0 });
    network.enclave.tampering.push({}, {}, { noReceipt: true });
    const stream = await client.chat.completions.create({
      model: 'fake',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
    });
    let text = '';
    const reading = (async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    })();
    await expect(reading).rejects.toThrow();
    expect(text).toBe(WORDS);
  });
});

describe('an answer that does not verify', () => {
  it('buffered: 502, not to be retried, nothing of the answer', async () => {
    const proxy = await start();
    network.enclave.tampering.push({}, {}, { noReceipt: true });
    const response = await fetch(`${proxy.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(chatBody),
    });
    expect(response.status).toBe(502);
    expect(response.headers.get('x-should-retry')).toBe('false');
    const text = await response.text();
    expect(text).toContain('CLIENT_UNVERIFIED');
    expect(text).not.toContain('echo');
    expect(failures).toEqual(['CLIENT_UNVERIFIED']);
  });

  it('streamed: an error event, then a broken connection; never data: [DONE], never a normal end', async () => {
    const proxy = await start();
    network.enclave.tampering.push({}, {}, { pieces: (pieces) => pieces.slice(0, 3) });
    const answer = await raw(
      proxy,
      '/v1/chat/completions',
      { host: `127.0.0.1:${proxy.port}` },
      {
        ...chatBody,
        stream: true,
      },
    );
    expect(answer.status).toBe(200);
    expect(answer.whole).toBe(false);
    expect(answer.text).toContain('word-2');
    expect(answer.text).toContain('"code":"CLIENT_CUT"');
    expect(answer.text).not.toContain('[DONE]');
    expect(failures).toEqual(['CLIENT_CUT']);
  });
});

describe('who may ask', () => {
  it.each([
    ['a foreign Host header (DNS rebinding)', { host: 'evil.example' }],
    ['the right name with another port', { host: '127.0.0.1:1' }],
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['the null origin', { origin: 'null' }],
    ['a cross-site request without origin', { 'sec-fetch-site': 'cross-site' }],
  ])('CLIENT_PROXY_FORBIDDEN: %s', async (_name, headers) => {
    const proxy = await start();
    const answer = await raw(
      proxy,
      '/v1/chat/completions',
      { host: `127.0.0.1:${proxy.port}`, ...headers },
      chatBody,
    );
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('CLIENT_PROXY_FORBIDDEN');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(network.enclave.opened).toBe(0);
  });

  it('an allowed origin is let in and may read the answer', async () => {
    const proxy = await start({ allowedOrigins: ['https://app.example'] });
    const headers = { host: `localhost:${proxy.port}`, origin: 'https://app.example' };
    const answer = await raw(proxy, '/dcml/status', headers);
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example');
    const preflight = await fetch(`${proxy.url}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example' },
    });
    expect(preflight.status).toBe(204);
  });

  it('CLIENT_PROXY_KEY: nothing without the key of the proxy', async () => {
    const proxy = await start({ apiKey: 'dcml-secret' });
    const status = (authorization?: string): Promise<number> =>
      fetch(`${proxy.url}/dcml/status`, {
        headers: authorization === undefined ? {} : { authorization },
      }).then((response) => response.status);
    expect(await status()).toBe(401);
    expect(await status('Bearer dcml-secreT')).toBe(401);
    expect(await status('Bearer dcml-secret')).toBe(200);
    const body = await (await fetch(`${proxy.url}/dcml/status`)).text();
    expect(body).toContain('CLIENT_PROXY_KEY');
  });

  it('CLIENT_PROXY_PORT: a taken port, an address of the network', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    await expect(start({ port })).rejects.toMatchObject({ code: 'CLIENT_PROXY_PORT' });
    await expect(start({ host: '0.0.0.0' as '127.0.0.1' })).rejects.toMatchObject({
      code: 'CLIENT_PROXY_PORT',
    });
  });
});

describe('status, receipts and errors', () => {
  it('shows verdict, model, channel and charge, and SIMULATED', async () => {
    const proxy = await start();
    await raw(proxy, '/v1/chat/completions', { host: `127.0.0.1:${proxy.port}` }, chatBody);
    const status: unknown = await (await fetch(`${proxy.url}/dcml/status`)).json();
    expect(status).toMatchObject({
      outcome: 'pass',
      simulated: true,
      model,
      host_url: HOST_URL,
      channel: { phase: 'open', charged: '75', deposit: DEPOSIT.toString() },
    });
  });

  it('gives the archive of a receipt', async () => {
    const proxy = await start();
    const answer = await raw(proxy, '/v1/chat/completions', { host: `127.0.0.1:${proxy.port}` }, chatBody);
    const id = String(answer.headers['x-dcml-receipt-id']);
    const archive = await (await fetch(`${proxy.url}/dcml/receipts/${id}`)).bytes();
    expect(parseArchive(archive).receipt.receiptId).toBe(id);
    expect(decodeUtf8(parseArchive(archive).responseBody!)).toBe(answer.text);
    expect((await fetch(`${proxy.url}/dcml/receipts/rcpt-0`)).status).toBe(404);
  });

  it("the enclave's own refusals keep their status and shape", async () => {
    const proxy = await start();
    const answer = await raw(
      proxy,
      '/v1/chat/completions',
      { host: `127.0.0.1:${proxy.port}` },
      { ...chatBody, model: 'unknown' },
    );
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('ENCLAVE_MODEL_UNKNOWN');
  });

  it('malformed JSON, unknown paths and a dead enclave are typed errors', async () => {
    const proxy = await start();
    const send = async (path: string, body: string): Promise<[number, string]> => {
      const response = await fetch(proxy.url + path, { method: 'POST', body });
      const { error } = (await response.json()) as { error: { code: string } };
      return [response.status, error.code];
    };
    expect(await send('/v1/chat/completions', '{')).toEqual([400, 'CLIENT_REQUEST']);
    expect(await send('/v1/images', '{}')).toEqual([404, 'CLIENT_NOT_FOUND']);
    network.enclaveDown = true;
    expect(await send('/v1/chat/completions', '{}')).toEqual([502, 'CLIENT_CONNECT']);
  });

  it('CLIENT_INTERNAL for what nobody foresaw, without its message', async () => {
    const proxy = await start();
    network.platform.crypto.suite.SetupSender = () => {
      throw new Error('a secret');
    };
    session.options.store.listChannels = async () => {
      throw new Error('a secret');
    };
    const answer = await raw(proxy, '/v1/chat/completions', { host: `127.0.0.1:${proxy.port}` }, chatBody);
    expect(answer.status).toBe(500);
    expect(answer.text).toContain('CLIENT_INTERNAL');
    expect(answer.text).not.toContain('secret');
  });
});

describe('aborts and closing', () => {
  it('a client that goes away aborts the request at the enclave', async () => {
    const proxy = await start();
    const body = { ...chatBody, stream: true };
    let reached = (): void => {};
    const atEnd = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let release = (): void => {};
    network.enclave.beforeEnd = () => {
      reached();
      return new Promise((resolve) => {
        release = resolve;
      });
    };
    const abort = new AbortController();
    const response = await fetch(`${proxy.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: abort.signal,
    });
    const reading = response.text();
    await atEnd;
    abort.abort();
    await expect(reading).rejects.toThrow();
    const upstream = network.enclave.arrived.at(-1)!.signal;
    if (!upstream.aborted) await once(upstream, 'abort');
    release();
    expect(upstream.aborted).toBe(true);
    expect(failures).toEqual([]);
  });

  it('closing cuts what does not end in time, and the port is free again', async () => {
    const proxy = await start();
    await proxy.close(0);
    await expect(fetch(`${proxy.url}/dcml/status`)).rejects.toThrow();
    const again = await start({ port: proxy.port });
    expect(again.port).toBe(proxy.port);
  });
});
