import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { defaultPolicy } from '@dcml/attest';
import { chargeOf } from '@dcml/channel';
import {
  closeChannel,
  connectEnclave,
  createDcmlFetch,
  createMemoryClientStore,
  exportArchive,
  openSession,
  type Session,
  type SessionOptions,
} from '@dcml/client';
import { createNodePlatform, type RunningProxy, startProxy } from '@dcml/client/node';
import { systemClock } from '@dcml/core';
import { getBalance, getBond, getChannel } from '@dcml/evm';
import { verifyArchive } from '@dcml/receipt';
import { generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOST_PRICE, type LocalMarket, OWNER_PRICE, startLocalMarket } from './local-market.ts';

const DEPOSIT_WEI = 10n ** 15n;
const PRICE = {
  ownerPromptPerMTok: OWNER_PRICE.promptPerMTok,
  ownerCompletionPerMTok: OWNER_PRICE.completionPerMTok,
  hostPromptPerMTok: HOST_PRICE.promptPerMTok,
  hostCompletionPerMTok: HOST_PRICE.completionPerMTok,
};
const messages = [{ role: 'user' as const, content: 'Hello' }];

let market: LocalMarket;
let options: SessionOptions;
let session: Session;
let proxy: RunningProxy;
const stop = new AbortController();

beforeAll(async () => {
  market = await startLocalMarket();
  options = {
    store: createMemoryClientStore(),
    chain: market.chain.as('payer'),
    platform: createNodePlatform(),
    hostUrl: market.host.url,
    model: market.model,
    policy: market.policy,
    autoOpen: { depositWei: DEPOSIT_WEI },
  };
  session = await openSession(options, stop.signal);
  proxy = await startProxy({ session, port: 0, signal: stop.signal });
});
afterAll(async () => {
  await proxy.close(0);
  session.close();
  stop.abort();
  await market.close();
});

describe('the way of a paid, private answer', () => {
  it('verifies the enclave under the policy and shows SIMULATED', async () => {
    const status = await session.status();
    expect(status.outcome).toBe('pass');
    expect(status.simulated).toBe(true);
    const claims = status.verdict.claims;
    expect(claims.filter((claim) => claim.source === 'hardware_proven')).toEqual([]);
    expect(claims.find((claim) => claim.name === 'chain_view')?.source).toBe('operator_asserted');
  });

  it('is refused by the default policy: simulated evidence is no evidence', async () => {
    const connection = connectEnclave({ ...options, policy: defaultPolicy, signal: stop.signal });
    await expect(connection).rejects.toMatchObject({ code: 'CLIENT_VERDICT' });
  });

  it('serves the unmodified openai package through the SDK fetch', async () => {
    const client = new OpenAI({
      baseURL: 'https://enclave.invalid/v1',
      apiKey: 'none',
      fetch: createDcmlFetch(session),
      maxRetries: 0,
    });
    const answer = await client.chat.completions.create({
      model: 'tiny',
      messages,
      max_tokens: 12,
      temperature: 0,
    });
    expect(answer.choices[0]?.message.content?.length).toBeGreaterThan(0);
    expect(answer.usage?.completion_tokens).toBeLessThanOrEqual(12);
    const stream = await client.chat.completions.create({
      model: 'tiny',
      messages,
      max_tokens: 12,
      temperature: 0,
      stream: true,
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(answer.choices[0]?.message.content);
  });

  it('serves the unmodified openai package through the proxy: models, completions, embeddings, errors', async () => {
    const client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: 'none', maxRetries: 0 });
    const models = await client.models.list();
    expect(models.data.map((model) => model.id)).toEqual(['tiny']);
    const completion = await client.completions.create({
      model: 'tiny',
      prompt: 'The enclave',
      max_tokens: 8,
    });
    expect(completion.choices[0]?.text.length).toBeGreaterThan(0);
    const embedding = await client.embeddings.create({ model: 'tiny', input: ['one', 'two'] });
    expect(embedding.data).toHaveLength(2);
    const unknown = client.chat.completions.create({ model: 'gpt-4', messages, max_tokens: 5 });
    await expect(unknown).rejects.toMatchObject({ status: 404, code: 'ENCLAVE_MODEL_UNKNOWN' });
    const bad = client.chat.completions.create({ model: 'tiny', messages, max_tokens: 5, temperature: 9 });
    await expect(bad).rejects.toMatchObject({ status: 400 });
  });

  it('serves the unmodified Vercel ai package through the proxy', async () => {
    const provider = createOpenAICompatible({ name: 'dcml', baseURL: `${proxy.url}/v1` });
    const model = provider('tiny');
    const whole = await generateText({
      model,
      prompt: 'Hello',
      maxOutputTokens: 10,
      temperature: 0,
      maxRetries: 0,
    });
    expect(whole.text.length).toBeGreaterThan(0);
    const streamed = streamText({
      model,
      prompt: 'Hello',
      maxOutputTokens: 10,
      temperature: 0,
      maxRetries: 0,
    });
    let text = '';
    for await (const part of streamed.textStream) text += part;
    expect(text).toBe(whole.text);
  });

  it('charges parallel requests on one channel exactly', async () => {
    const client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: 'none', maxRetries: 0 });
    const ask = (i: number): Promise<unknown> =>
      client.chat.completions.create({
        model: 'tiny',
        messages: [{ role: 'user', content: `Number ${i}` }],
        max_tokens: 6,
      });
    await Promise.all(Array.from({ length: 8 }, (_, i) => ask(i)));
    const { channel } = await session.status();
    const usage = { promptTokens: channel!.promptTokens, completionTokens: channel!.completionTokens };
    const charge = chargeOf(usage, PRICE);
    expect(channel!.chargedWei).toBe(charge.ownerWei + charge.hostWei);
    expect(channel!.chargedWei).toBeLessThanOrEqual(channel!.authorizedWei);
  });

  it('leaves an archive that verifies offline, and no changed byte of it does', async () => {
    const answer = await fetch(`${proxy.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'tiny', messages, max_tokens: 6 }),
    });
    await answer.text();
    const id = String(answer.headers.get('x-dcml-receipt-id'));
    const archive = await exportArchive(options.store, id);
    const verify = (bytes: Uint8Array) =>
      verifyArchive(bytes, { policy: market.policy, nowMs: systemClock.now() });
    const verdict = await verify(archive);
    expect(verdict.outcome).toBe('pass');
    expect(verdict.simulated).toBe(true);
    for (let i = 0; i < 200; i++) {
      const at = Math.floor((i / 200) * archive.length);
      const changed = archive.slice();
      changed[at]! ^= 1;
      const outcome = await verify(changed).then(
        (changedVerdict) => changedVerdict.outcome,
        () => 'fail',
      );
      expect([at, outcome]).toEqual([at, 'fail']);
    }
  });

  it('closes on chain: creator, host and payer get exactly what the receipts say', async () => {
    const { channel } = await session.status();
    const usage = { promptTokens: channel!.promptTokens, completionTokens: channel!.completionTokens };
    const charge = chargeOf(usage, PRICE);
    const host = market.chain.as('host');
    const bondBefore = await getBond(host, host.address!);
    const outcome = await closeChannel(options, await session.connection(), channel!.channelId, stop.signal);
    expect(outcome).toMatchObject({
      means: 'approved',
      ...charge,
      payerWei: DEPOSIT_WEI - charge.ownerWei - charge.hostWei,
    });
    const owner = market.chain.as('owner');
    expect(await getBalance(owner, owner.address!)).toBe(charge.ownerWei);
    expect(await getBalance(host, host.address!)).toBe(charge.hostWei);
    expect(await getBond(host, host.address!)).toBe(bondBefore + DEPOSIT_WEI);
    expect((await getChannel(host, channel!.channelId)).status).toBe('closed');
  });

  it('goes on after the enclave restarted: a new instance is verified, a new channel opened', async () => {
    const client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: 'none', maxRetries: 0 });
    const ask = () => client.chat.completions.create({ model: 'tiny', messages, max_tokens: 4 });
    await ask();
    const before = (await session.status()).channel!.channelId;
    await market.restartEnclave();
    await ask();
    const after = (await session.status()).channel!.channelId;
    expect(after).not.toBe(before);
    // The old instance left its approval with the host: nobody has to wait for the close window.
    const outcome = await closeChannel(options, await session.connection(), before, stop.signal);
    expect(outcome.means).toBe('approved');
  });
});
