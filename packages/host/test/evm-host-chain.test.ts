import { createChannelDigests, PreparedSigner, signCloseApproval, signOffer } from '@dcml/channel';
import { asModelHash, fromPrefixedHex } from '@dcml/core';
import { startTestChain, type TestChain } from '@dcml/devnet';
import { depositBond, getChannel, openChannel, registerHost, registerModel, startClose } from '@dcml/evm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Counters } from '../src/counters.ts';
import { silentLog } from '../src/log.ts';
import { openHostStore } from '../src/store/sqlite-host-store.ts';
import { watchOnce } from '../src/watch/chain-watcher.ts';
import { createHostChain } from '../src/watch/evm-host-chain.ts';
import { keys, makeConfig, model, secp } from './fixtures.ts';

const signal = AbortSignal.timeout(60_000);
let chain: TestChain;

beforeAll(async () => {
  chain = await startTestChain();
});
afterAll(() => chain.close());

describe('HostChain on a real chain', () => {
  it('HOST_CONFIG without an account', () => {
    expect(() => createHostChain({ ...chain.as('host'), address: null })).toThrow(
      expect.objectContaining({ code: 'HOST_CONFIG' }),
    );
  });

  it('reads terms and bond, sees openings and closes, and answers a close in time', async () => {
    const host = createHostChain(chain.as('host'));
    expect(await host.getModelTerms(asModelHash(`0x${'00'.repeat(31)}01`), signal)).toBeNull();
    await registerModel(chain.as('owner'), {
      model,
      price: { promptPerMTok: 100n, completionPerMTok: 200n },
      composeHashes: [],
      uri: '',
    });
    expect(await host.getModelTerms(model, signal)).toBeNull();
    await registerHost(chain.as('host'), {
      model,
      price: { promptPerMTok: 1n, completionPerMTok: 1n },
      endpoint: 'x',
    });
    await depositBond(chain.as('host'), 1_000n);
    const owner = chain.accounts.owner.address;
    const terms = { owner, ownerPromptPerMTok: 100n, ownerCompletionPerMTok: 200n };
    expect(await host.getModelTerms(model, signal)).toEqual(terms);
    expect(await host.getFreeBondWei(signal)).toBe(1_000n);

    const config = makeConfig({
      payer: chain.accounts.payer.address,
      host: chain.accounts.host.address,
      owner,
    });
    const digests = createChannelDigests({ chainId: chain.chainId, contract: chain.contracts.channels });
    const channelId = digests.channelId(config);
    const unsigned = { channelId, maxDepositWei: 600n, expiresAt: Math.floor(Date.now() / 1000) + 600 };
    const offer = signOffer(digests, secp, fromPrefixedHex(chain.accounts.host.privateKey), unsigned);
    await openChannel(chain.as('payer'), { config, depositWei: 600n, offer });
    expect(await host.getFreeBondWei(signal)).toBe(400n);
    await startClose(chain.as('payer'), config);
    expect(await host.getChannelStatus(channelId, signal)).toBe('closing');

    const store = openHostStore(':memory:');
    const voucher = new PreparedSigner(digests, secp, keys.session, channelId).voucher(50n);
    const sign = (digest: Uint8Array): `0x${string}` => secp.sign(digest, keys.enclave);
    const approval = signCloseApproval(digests, sign, {
      channelId,
      charge: { ownerWei: 30n, hostWei: 20n },
      voucher,
    });
    await store.putApproval(approval, config, 1);
    const counters = new Counters();
    await watchOnce(
      {
        store,
        chain: host,
        fromBlock: 0n,
        pollMs: 1,
        maxBlocks: 3n,
        callTimeoutMs: 20_000,
        askEnclave: async () => {},
        clock: { now: () => Date.now(), monotonicMs: () => 0 },
        log: silentLog,
        counters,
      },
      signal,
    );
    expect(counters.snapshot()).toMatchObject({ channels_opened: 1, closes_started: 1, closes_answered: 1 });
    expect((await getChannel(chain.as('host'), channelId)).status).toBe('closed');
    expect(await host.getFreeBondWei(signal)).toBe(1_000n);
    expect(store.getWatchedBlock()).toBe((await host.getBlockNumber(signal)) - 1n);
    await store.close();
  });

  it('HOST_CHAIN when the node is dead', async () => {
    const other = await startTestChain();
    const host = createHostChain(other.as('host'));
    await other.close();
    await expect(host.getFreeBondWei(signal)).rejects.toMatchObject({ code: 'HOST_CHAIN' });
    await expect(host.getBlockNumber(signal)).rejects.toMatchObject({ code: 'HOST_CHAIN' });
  });
});
