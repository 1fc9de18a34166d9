import { beforeEach, describe, expect, it } from 'vitest';
import { Counters } from '../src/counters.ts';
import type { LogFields } from '../src/log.ts';
import type { HostStore } from '../src/store/host-store.ts';
import { openHostStore } from '../src/store/sqlite-host-store.ts';
import { type ChainWatcherOptions, watchChain, watchOnce } from '../src/watch/chain-watcher.ts';
import { clock, digests, FakeChain, makeApproval, makeConfig, NOW_MS } from './fixtures.ts';

const config = makeConfig();
const channelId = digests.channelId(config);
const approval = makeApproval(config, 3n, 2n);
const signal = AbortSignal.timeout(20_000);
let chain: FakeChain;
let store: HostStore;
let events: [string, LogFields][];
let options: ChainWatcherOptions;

beforeEach(() => {
  chain = new FakeChain();
  store = openHostStore(':memory:');
  events = [];
  options = {
    store,
    chain,
    fromBlock: 0n,
    pollMs: 1,
    maxBlocks: 2n,
    callTimeoutMs: 5_000,
    askEnclave: async () => {
      throw new Error('no enclave');
    },
    clock,
    log: (_level, event, fields = {}) => void events.push([event, fields]),
    counters: new Counters(),
  };
});

function mineClose(): void {
  chain.blocks.push([{ kind: 'opened', channelId, config }]);
  chain.blocks.push([]);
  chain.blocks.push([{ kind: 'close-started', channelId, closesAt: NOW_MS / 1000 + 100 }]);
  chain.statuses.set(channelId, 'closing');
}

describe('chain watcher', () => {
  it('reads every block once, in bounded ranges, over restarts', async () => {
    mineClose();
    await watchOnce(options, signal);
    chain.blocks.push([], []);
    await watchOnce(options, signal);
    expect(chain.ranges).toEqual([
      [0n, 1n],
      [2n, 3n],
      [4n, 5n],
    ]);
    expect(store.getWatchedBlock()).toBe(5n);
  });

  it('answers a close with the stored approval, once', async () => {
    await store.putApproval(approval, config, 1);
    mineClose();
    await watchOnce(options, signal);
    await watchOnce(options, signal);
    expect(chain.submitted).toEqual([approval]);
    expect(store.listPendingCloses()).toEqual([]);
  });

  it('asks the enclave when there is no approval yet', async () => {
    mineClose();
    const asked: string[] = [];
    const asking: ChainWatcherOptions = {
      ...options,
      askEnclave: async (id) => {
        asked.push(id);
        await store.putApproval(approval, config, 1);
      },
    };
    await watchOnce(asking, signal);
    expect(asked).toEqual([channelId]);
    expect(chain.submitted).toEqual([approval]);
  });

  it('without an approval warns with the deadline, now and then, and answers when one comes', async () => {
    mineClose();
    const warnings = new Map<string, number>();
    await watchOnce(options, signal, warnings);
    await watchOnce(options, signal, warnings);
    const warned = events.filter(([event]) => event === 'close_unanswered');
    expect(warned).toHaveLength(1);
    expect(warned[0]?.[1]).toMatchObject({ channel: channelId, secondsLeft: 100 });
    await store.putApproval(approval, config, 1);
    await watchOnce(options, signal, warnings);
    expect(chain.submitted).toEqual([approval]);
  });

  it('does not submit for a channel that somebody else closed', async () => {
    await store.putApproval(approval, config, 1);
    mineClose();
    chain.statuses.set(channelId, 'closed');
    await watchOnce(options, signal);
    expect(chain.submitted).toEqual([]);
    expect(store.listPendingCloses()).toEqual([]);
  });

  it.each(['none', 'open'] as const)(
    'waits while a node that lags shows the channel as %s',
    async (status) => {
      await store.putApproval(approval, config, 1);
      mineClose();
      chain.statuses.set(channelId, status);
      await watchOnce(options, signal);
      expect(chain.submitted).toEqual([]);
      chain.statuses.set(channelId, 'closing');
      await watchOnce(options, signal);
      expect(chain.submitted).toEqual([approval]);
    },
  );

  it('an opened channel releases its offer', async () => {
    const offer = {
      channelId,
      maxDepositWei: 5n,
      expiresAt: 2_000_000_000,
      hostSignature: approval.enclaveSignature,
    };
    const reserve = { config, freeBondWei: 5n, now: NOW_MS / 1000, offer };
    await store.reserveOffer(reserve);
    mineClose();
    await watchOnce(options, signal);
    const other = makeConfig({ seed: 2 });
    const next = { ...offer, channelId: digests.channelId(other) };
    expect((await store.reserveOffer({ ...reserve, config: other, offer: next })).outcome).toBe('stored');
  });

  it('errors are retried and no event is lost', async () => {
    await store.putApproval(approval, config, 1);
    mineClose();
    chain.failures = 5;
    const stop = new AbortController();
    const watching = watchChain(options, stop.signal);
    while (chain.submitted.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await watching;
    expect(chain.submitted).toEqual([approval]);
    expect(options.counters.get('watch_failures')).toBeGreaterThanOrEqual(3);
  });

  it('one close that fails does not hold up the others', async () => {
    mineClose();
    const second = makeConfig({ seed: 9 });
    const secondId = digests.channelId(second);
    chain.blocks.push([
      { kind: 'opened', channelId: secondId, config: second },
      { kind: 'close-started', channelId: secondId, closesAt: NOW_MS / 1000 + 200 },
    ]);
    chain.statuses.set(secondId, 'closing');
    await store.putApproval(approval, config, 1);
    await store.putApproval(makeApproval(second, 1n, 1n), second, 1);
    const submit = chain.closeByApproval.bind(chain);
    chain.closeByApproval = async (at, given) => {
      if (given.channelId === channelId) throw new Error('nonce');
      return submit(at, given);
    };
    await expect(watchOnce(options, signal)).rejects.toThrow('nonce');
    expect(chain.submitted.map((given) => given.channelId)).toEqual([secondId]);
  });
});
