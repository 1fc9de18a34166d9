import { type ChannelId, encodeUtf8, fromPrefixedHex } from '@dcml/core';
import { startTestChain, type TestChain } from '@dcml/devnet';
import { depositBond, getBalance, getChannel, registerHost, registerModel } from '@dcml/evm';
import { verifyArchive } from '@dcml/receipt';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { VerifiedAnswer } from '../src/answers.ts';
import type { ClientStore } from '../src/client-store.ts';
import { closeChannel } from '../src/close-channel.ts';
import { createDcmlFetch } from '../src/dcml-fetch.ts';
import { discover } from '../src/discover.ts';
import { createMemoryClientStore } from '../src/memory-client-store.ts';
import { exportArchive } from '../src/receipt-archive.ts';
import { reconcileChannel } from '../src/resume-channel.ts';
import { openSession, type Session } from '../src/session.ts';
import type { SessionOptions } from '../src/session-options.ts';
import { ANSWER_WORDS, simulationPolicy } from './fake-enclave.ts';
import { FakeNetwork, HOST_URL, model, price, urlOf } from './fake-network.ts';

const DEPOSIT = 10n ** 12n;
const signal = AbortSignal.timeout(60_000);
let chain: TestChain;
let network: FakeNetwork;
let store: ClientStore;
let session: Session;

beforeAll(async () => {
  chain = await startTestChain();
  await registerModel(chain.as('owner'), {
    model,
    price: { promptPerMTok: price.ownerPromptPerMTok, completionPerMTok: price.ownerCompletionPerMTok },
    composeHashes: [],
    uri: '',
  });
  await registerHost(chain.as('host'), {
    model,
    price: { promptPerMTok: price.hostPromptPerMTok, completionPerMTok: price.hostCompletionPerMTok },
    endpoint: HOST_URL,
  });
  await depositBond(chain.as('host'), 10n ** 15n);
});
afterAll(() => chain.close());

function options(change: Partial<SessionOptions> = {}): SessionOptions {
  return {
    hostUrl: HOST_URL,
    model,
    policy: simulationPolicy,
    chain: chain.as('payer'),
    store,
    platform: network.platform,
    autoOpen: { depositWei: DEPOSIT },
    ...change,
  };
}

beforeEach(async () => {
  network = await FakeNetwork.start({
    chainId: chain.chainId,
    ...chain.contracts,
    hostKey: fromPrefixedHex(chain.accounts.host.privateKey),
  });
  network.enclave.depositOf = () => DEPOSIT;
  store = createMemoryClientStore();
  session = await openSession(options(), signal);
});

const ask = (text = 'hi', more: object = {}): Promise<VerifiedAnswer> =>
  session.send(
    '/v1/chat/completions',
    encodeUtf8(JSON.stringify({ model: 'fake', messages: [text], max_tokens: 100, ...more })),
    signal,
  );

async function restart(): Promise<void> {
  await network.restart();
  network.enclave.depositOf = () => DEPOSIT;
}

describe('from discovery to close', () => {
  it('discovers models, hosts and prices', async () => {
    const [found] = await discover(chain.as('payer'), signal);
    expect(found).toMatchObject({ model, owner: chain.accounts.owner.address });
    expect(found?.hosts[0]).toEqual({ host: chain.accounts.host.address, hostUrl: HOST_URL, price });
  });

  it('opens, pays, verifies, archives and closes by approval; everybody gets what receipts say', async () => {
    expect((await session.status()).channel).toBeNull();
    const answer = await ask();
    expect(answer).toMatchObject({ kind: 'buffered', receipt: { completionTokens: ANSWER_WORDS } });
    const status = await session.status();
    expect(status).toMatchObject({
      outcome: 'pass',
      simulated: true,
      channel: { phase: 'open', promptTokens: 10n },
    });
    const charged = status.channel!.chargedWei;
    expect(charged).toBe(10n * 3n + 5n * 9n);

    const receiptId = (await store.listReceipts(1))[0]!.receiptId;
    const archive = await exportArchive(store, receiptId);
    const verdict = await verifyArchive(archive, { policy: simulationPolicy, nowMs: Date.now() });
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });

    const id = status.channel!.channelId;
    const ownerBefore = await getBalance(chain.as('payer'), chain.accounts.owner.address);
    const outcome = await closeChannel(session.options, await session.connection(), id, signal);
    expect(outcome).toMatchObject({ means: 'approved', phase: 'closed', ownerWei: 50n, hostWei: 25n });
    expect(outcome.payerWei).toBe(DEPOSIT - 75n);
    expect(outcome.withdrawnWei).toBe(DEPOSIT - 75n);
    expect(await getBalance(chain.as('payer'), chain.accounts.owner.address)).toBe(ownerBefore + 50n);
    expect((await getChannel(chain.as('payer'), id)).status).toBe('closed');
    expect(await closeChannel(session.options, null, id, signal)).toMatchObject({
      means: 'settled',
      phase: 'closed',
    });
  });

  it('plugs into fetch: buffered, streamed, embeddings, models, errors', async () => {
    const fetcher = createDcmlFetch(session);
    const post = (path: string, body: object): Promise<Response> =>
      fetcher(`https://enclave.invalid${path}`, { method: 'POST', body: JSON.stringify(body) });
    const buffered = await post('/v1/chat/completions', { model: 'fake', messages: ['x'] });
    expect(buffered.status).toBe(200);
    expect(buffered.headers.get('x-dcml-verdict')).toBe('pass; SIMULATED');
    expect(await store.getReceipt(buffered.headers.get('x-dcml-receipt-id')!)).not.toBeNull();
    const streamed = await post('/v1/chat/completions', { model: 'fake', messages: ['x'], stream: true });
    expect(streamed.headers.get('content-type')).toBe('text/event-stream');
    expect((await streamed.text()).endsWith('data: [DONE]\n\n')).toBe(true);
    expect((await post('/v1/embeddings', { model: 'fake', input: 'x' })).status).toBe(200);
    expect(await (await fetcher('https://enclave.invalid/v1/models')).json()).toMatchObject({
      object: 'list',
    });
    const refused = await post('/v1/chat/completions', { model: 'unknown', messages: [] });
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ error: { code: 'ENCLAVE_MODEL_UNKNOWN' } });
    await expect(post('/v1/images', {})).rejects.toMatchObject({ code: 'CLIENT_REQUEST' });
    expect((await session.status()).channel?.chargedWei).toBe(75n + 75n + 30n);
  });

  it('parallel requests race on one channel: all are served, none twice, the books agree', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => ask(`parallel ${i}`)));
    expect(answers.every((answer) => answer.kind === 'buffered')).toBe(true);
    const { channelId, chargedWei } = (await session.status()).channel!;
    const { ledger } = network.enclave.ledgers.get(channelId)!;
    expect(ledger.charge.ownerWei + ledger.charge.hostWei).toBe(chargedWei);
    expect(chargedWei).toBe(12n * 75n);
    expect((await store.getAccount(channelId))?.inFlight).toEqual({});
  });
});

describe('limits', () => {
  it('CLIENT_LIMIT before anything is signed', async () => {
    session = await openSession(options({ maxWeiPerRequest: 10n }), signal);
    await expect(ask()).rejects.toMatchObject({ code: 'CLIENT_LIMIT' });
    const [channel] = await store.listChannels();
    expect((await store.getAccount(channel!.channelId))?.authorizedWei).toBe(0n);
  });

  it('CLIENT_NO_CHANNEL without autoOpen', async () => {
    session = await openSession(options({ autoOpen: null }), signal);
    await expect(ask()).rejects.toMatchObject({ code: 'CLIENT_NO_CHANNEL' });
  });

  it("CLIENT_NO_OFFER above the price limit or the host's largest deposit", async () => {
    const maxPrice = { ...price, hostPromptPerMTok: 1n };
    session = await openSession(options({ autoOpen: { depositWei: DEPOSIT, maxPrice } }), signal);
    await expect(ask()).rejects.toMatchObject({ code: 'CLIENT_NO_OFFER' });
    session = await openSession(options({ autoOpen: { depositWei: 10n ** 19n } }), signal);
    await expect(ask()).rejects.toMatchObject({ code: 'CLIENT_NO_OFFER' });
  });

  it('CLIENT_CHANNEL_EXHAUSTED when the deposit does not cover the maximum; a smaller request still runs', async () => {
    await ask();
    await expect(ask('big', { max_tokens: 200_000_000_000 })).rejects.toMatchObject({
      code: 'CLIENT_CHANNEL_EXHAUSTED',
    });
    expect(await ask('small')).toMatchObject({ kind: 'buffered' });
    const { channelId, chargedWei } = (await session.status()).channel!;
    expect(chargedWei).toBe(150n);
    expect((await store.getAccount(channelId))?.inFlight).toEqual({});
  });

  it('CLIENT_CHANNEL_OVER when closing a channel whose deposit may still arrive', async () => {
    const record = await network.openChannel(store, DEPOSIT);
    const hostSignature: `0x${string}` = `0x${'11'.repeat(64)}1b`;
    const expiresAt = Math.floor(Date.now() / 1000) + 300;
    const offer = { channelId: record.channelId, maxDepositWei: DEPOSIT, expiresAt, hostSignature };
    await store.updateChannel(record.channelId, { phase: 'depositing', offer });
    await expect(closeChannel(session.options, null, record.channelId, signal)).rejects.toMatchObject({
      code: 'CLIENT_CHANNEL_OVER',
    });
  });

  it('CLIENT_VERDICT under a policy that does not take the simulation, and nothing is sent', async () => {
    network.enclave.arrived.length = 0;
    const { defaultPolicy } = await import('@dcml/attest');
    const strict = openSession(options({ policy: defaultPolicy }), signal);
    await expect(strict).rejects.toMatchObject({ code: 'CLIENT_VERDICT', details: { outcome: 'fail' } });
    expect(network.enclave.arrived.map((request) => request.method)).toEqual(['GET']);
  });
});

describe('keys rotate; client holds a stale key', () => {
  it('the instance restarts: verified again, the old channel is lost, a new one opens, one retry, no plaintext', async () => {
    await ask();
    const before = (await session.status()).channel!.channelId;
    await restart();
    expect(await ask('after')).toMatchObject({ kind: 'buffered' });
    const after = (await session.status()).channel!.channelId;
    expect(after).not.toBe(before);
    expect((await store.getChannel(before))?.phase).toBe('lost');
    for (const request of network.enclave.arrived) {
      if (request.method === 'POST')
        expect(request.headers['Ehbp-Encapsulated-Key']).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it('a restart between verification and the first request is noticed and verified again', async () => {
    await restart();
    expect(await ask()).toMatchObject({ kind: 'buffered' });
    expect((await session.connection()).enclaveKey).toBe(network.enclave.address);
    expect(await store.listChannels()).toHaveLength(1);
  });

  it('without autoOpen a restart ends in CLIENT_NO_CHANNEL, and the old channel can be closed', async () => {
    await ask();
    const { channelId } = (await session.status()).channel!;
    session = await openSession(options({ autoOpen: null }), signal);
    expect(await ask()).toMatchObject({ kind: 'buffered' });
    await restart();
    await expect(ask()).rejects.toMatchObject({ code: 'CLIENT_NO_CHANNEL' });
    expect((await store.getChannel(channelId))?.phase).toBe('lost');
  });

  it('a key that stays stale after one renewal is CLIENT_STALE_KEY', async () => {
    await ask();
    const stale = {
      plain: {
        status: 422,
        body: '{"type":"urn:ietf:params:ehbp:error:key-config"}',
        contentType: 'application/problem+json',
      },
    };
    const opened = network.enclave.opened;
    network.enclave.tampering.push(stale, {}, stale);
    await expect(ask()).rejects.toMatchObject({ code: 'CLIENT_STALE_KEY' });
    expect(network.enclave.opened).toBe(opened + 1);
  });

  it('a hint at another keyset leads to a new verification before the next request', async () => {
    await ask();
    network.enclave.tampering.push({
      headers: (headers) => headers.set('x-aci-keyset-digest', 'sha256:other'),
    });
    await ask();
    network.enclave.arrived.length = 0;
    await ask();
    expect(network.enclave.arrived[0]?.path).toMatch(/attestation/);
  });
});

describe('aborts and lost answers', () => {
  it('abort propagates; the next request takes over what was charged meanwhile', async () => {
    await ask();
    const abort = new AbortController();
    network.enclave.beforeEnd = async () => {
      abort.abort(new RangeError('enough'));
      await Promise.resolve();
    };
    const body = encodeUtf8(JSON.stringify({ model: 'fake', messages: [], max_tokens: 50, stream: true }));
    const answer = await session.send('/v1/chat/completions', body, abort.signal);
    if (answer.kind !== 'stream') throw new Error('expected a stream');
    const reading = (async () => {
      for await (const chunk of answer.body) void chunk;
    })();
    await expect(reading).rejects.toThrow();
    const { channelId } = (await session.status()).channel!;
    const { ledger } = network.enclave.ledgers.get(channelId)!;
    expect(Object.keys((await store.getAccount(channelId))!.inFlight)).toHaveLength(1);
    ledger.finish(2); // the enclave notices that the client is gone
    network.enclave.beforeEnd = async () => {};
    await ask();
    const account = await store.getAccount(channelId);
    expect(account?.inFlight).toEqual({});
    expect(account?.usage).toEqual(ledger.status().usage);
  });

  it('a channel that somebody closed at the enclave is retired with its approval, and a new one opens', async () => {
    await ask();
    const { channelId } = (await session.status()).channel!;
    network.enclave.ledgers.get(channelId)!.ledger.close();
    expect(await ask()).toMatchObject({ kind: 'buffered' });
    const retired = await store.getChannel(channelId);
    expect(retired?.approval?.charge).toEqual({ ownerWei: 50n, hostWei: 25n });
    const outcome = await closeChannel(session.options, null, channelId, signal);
    expect(outcome).toMatchObject({ means: 'approved', ownerWei: 50n });
  });
});

describe('kill -9 at every step of opening', () => {
  const failures = ['challenge', 'offer', 'send', 'deposit', 'activate', 'none'] as const;

  /** Fails as a process that dies would leave things: at one step, once. */
  async function dieAt(step: (typeof failures)[number]): Promise<void> {
    const { platform } = network;
    const dying: typeof platform = {
      ...platform,
      fetch: async (input, init) => {
        if (step === 'offer' && urlOf(input).endsWith('/offers')) throw new TypeError('killed');
        return platform.fetch(input, init);
      },
      openTransport: (transportOptions) => {
        const transport = platform.openTransport(transportOptions);
        return {
          ...transport,
          send: async (request) => {
            if (step === 'challenge' && request.path.endsWith('/challenges')) throw new Error('killed');
            if (step === 'activate' && request.path.endsWith('/channels')) throw new Error('killed');
            return transport.send(request);
          },
        };
      },
    };
    const honest = chain.as('payer');
    const dyingChain = {
      ...honest,
      // The transaction is mined, but the process dies before it learns that.
      viem: new Proxy(honest.viem, {
        get(target, name, receiver) {
          if (step === 'send' && name === 'estimateGas') {
            return async () => {
              throw new Error('killed');
            };
          }
          if (step === 'deposit' && name === 'waitForTransactionReceipt') {
            return async () => {
              throw new Error('killed');
            };
          }
          return Reflect.get(target, name, receiver) as unknown;
        },
      }),
    };
    const victim = await openSession(options({ platform: dying, chain: dyingChain }), signal);
    const body = encodeUtf8('{"model":"fake","messages":[],"max_tokens":5}');
    const sending = victim.send('/v1/chat/completions', body, signal);
    if (step === 'none') await sending;
    else await expect(sending).rejects.toThrow();
  }

  it('what spends and closes a channel is on disk before the deposit can leave', async () => {
    await dieAt('send');
    const [record] = await store.listChannels();
    expect(record).toMatchObject({ phase: 'depositing', offer: { maxDepositWei: DEPOSIT } });
    // As long as the offer lives the deposit may still arrive, whatever the chain shows now; afterwards it cannot.
    const ports = { store, chain: chain.as('payer'), platform: network.platform };
    expect((await reconcileChannel(ports, record!, signal)).phase).toBe('depositing');
    const later = { now: () => Date.now() + 500_000, monotonicMs: () => 0 };
    const platform = { ...network.platform, clock: later };
    expect((await reconcileChannel({ ...ports, platform }, record!, signal)).phase).toBe('abandoned');
  });

  it.each(failures)(
    'after %s: the next process finds or makes exactly one channel, no deposit is forgotten',
    async (step) => {
      await dieAt(step);
      const survivor = await openSession(options(), signal);
      const body = encodeUtf8('{"model":"fake","messages":[],"max_tokens":5}');
      expect(await survivor.send('/v1/chat/completions', body, signal)).toMatchObject({ kind: 'buffered' });
      const channels = await store.listChannels();
      const open = channels.filter((channel) => channel.phase === 'open');
      expect(open).toHaveLength(1);
      for (const channel of channels) {
        const { status } = await getChannel(chain.as('payer'), channel.channelId);
        // Every deposit on chain belongs to the one channel that is in use.
        expect(status).toBe(channel.phase === 'open' ? 'open' : 'none');
      }
    },
  );
});

// Last: it moves the chain's time past all offers.
describe('closing without the enclave', () => {
  async function openAndLose(): Promise<ChannelId> {
    await ask();
    const { channelId } = (await session.status()).channel!;
    // Gone for this channel is also an instance that restarted.
    await restart();
    return channelId;
  }

  it('the approval that the enclave left with its host is taken', async () => {
    await ask();
    const connection = await session.connection();
    const { channelId } = (await session.status()).channel!;
    const { requestClose } = await import('../src/enclave-calls.ts');
    const { ChannelAccount } = await import('../src/channel-account.ts');
    const record = (await store.getChannel(channelId))!;
    const request = new ChannelAccount(store, network.platform, record).signRequest('close');
    network.approvals.set(channelId, await requestClose(connection, request, signal));
    network.enclaveDown = true;
    const outcome = await closeChannel(session.options, connection, channelId, signal);
    expect(outcome).toMatchObject({ means: 'approved', ownerWei: 50n, hostWei: 25n });
  });

  it('CLIENT_APPROVAL: an approval that charges more than receipts say is not submitted', async () => {
    await ask();
    const { channelId } = (await session.status()).channel!;
    const served = network.enclave.ledgers.get(channelId)!;
    // An enclave that counted what nobody received.
    const preparation = served.ledger.prepare({
      voucher: null,
      promptTokens: 3,
      requestedCompletionTokens: 0,
      availableCompletionTokens: 0,
    });
    if (!preparation.admitted) throw new Error('not admitted');
    served.ledger.commit(preparation.admission.reservationId);
    served.ledger.deliver(preparation.admission.reservationId, { promptTokens: 3, completionTokens: 0 });
    served.ledger.finish(preparation.admission.reservationId);
    const closing = closeChannel(session.options, await session.connection(), channelId, signal);
    await expect(closing).rejects.toMatchObject({ code: 'CLIENT_APPROVAL' });
    expect((await getChannel(chain.as('payer'), channelId)).status).toBe('open');
  });

  it('enclave and host gone: start, wait for the window, refund in full', async () => {
    const channelId = await openAndLose();
    network.hostDown = true;
    const connection = await session.connection();
    const started = await closeChannel(session.options, connection, channelId, signal);
    expect(started).toMatchObject({ means: 'started', phase: 'closing' });
    expect(started.closesAt).toBeGreaterThan(0);
    expect(await closeChannel(session.options, connection, channelId, signal)).toMatchObject({
      means: 'waiting',
    });
    await chain.increaseTime(3700);
    const finalized = await closeChannel(session.options, connection, channelId, signal);
    expect(finalized).toMatchObject({
      means: 'finalized',
      phase: 'closed',
      payerWei: DEPOSIT,
      withdrawnWei: DEPOSIT,
    });
  });

  it('CLIENT_NOT_FOUND for a channel of somebody else', async () => {
    const foreign = `0x${'77'.repeat(32)}` as ChannelId;
    await expect(closeChannel(session.options, null, foreign, signal)).rejects.toMatchObject({
      code: 'CLIENT_NOT_FOUND',
    });
  });
});
