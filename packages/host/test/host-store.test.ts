import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { signOffer } from '@dcml/channel';
import { asAddress } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import type { HostStore } from '../src/store/host-store.ts';
import { openHostStore } from '../src/store/sqlite-host-store.ts';
import {
  digests,
  keys,
  makeApproval,
  makeConfig,
  makeVoucher,
  model,
  secp,
  temporaryDirectory,
} from './fixtures.ts';

const config = makeConfig();
const id = digests.channelId(config);

async function openStore(): Promise<{ path: string; store: HostStore }> {
  const path = join(await temporaryDirectory(), 'host.db');
  return { path, store: openHostStore(path) };
}

describe('vouchers', () => {
  it('keeps the highest and says what came', async () => {
    const { store } = await openStore();
    expect(await store.putVoucher(makeVoucher(config, 5n), config, 1)).toBe('stored');
    expect(await store.putVoucher(makeVoucher(config, 9n), config, 1)).toBe('stored');
    expect(await store.putVoucher(makeVoucher(config, 9n), config, 1)).toBe('known');
    expect(await store.putVoucher(makeVoucher(config, 8n), config, 1)).toBe('lower');
    expect(store.getVoucher(id)).toEqual(makeVoucher(config, 9n));
    expect(store.getConfig(id)).toEqual(config);
    await store.close();
  });

  it('compares amounts as numbers, not as text', async () => {
    const { store } = await openStore();
    await store.putVoucher(makeVoucher(config, 9n), config, 1);
    expect(await store.putVoucher(makeVoucher(config, 10n), config, 1)).toBe('stored');
    await store.close();
  });

  it('keeps another signature over the same amount as evidence', async () => {
    const { store } = await openStore();
    await store.putVoucher(makeVoucher(config, 9n), config, 1);
    const other = { ...makeVoucher(config, 9n), signature: makeVoucher(config, 10n).signature };
    expect(await store.putVoucher(other, config, 7)).toBe('conflict');
    expect(await store.putVoucher(other, config, 8)).toBe('conflict');
    expect(store.getVoucher(id)?.signature).toBe(makeVoucher(config, 9n).signature);
    const evidence = store.listEvidence();
    expect(evidence).toHaveLength(1);
    expect(evidence[0]).toMatchObject({ kind: 'voucher', channelId: id, seenAt: 7 });
    expect(evidence[0]?.content).toContain(other.signature);
    await store.close();
  });

  it('is on disk when the promise resolves: another connection reads it', async () => {
    const { path, store } = await openStore();
    await Promise.all([1n, 2n, 3n].map((amount) => store.putVoucher(makeVoucher(config, amount), config, 1)));
    const other = new DatabaseSync(path, { readOnly: true });
    expect(other.prepare('SELECT max_claimable FROM vouchers').get()).toEqual({ max_claimable: '3' });
    other.close();
    await store.close();
  });

  it('writes of one turn share one commit', async () => {
    const { path, store } = await openStore();
    const other = new DatabaseSync(path, { readOnly: true });
    const version = (): unknown => other.prepare('PRAGMA data_version').get()?.['data_version'];
    const before = Number(version());
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.putVoucher(makeVoucher(config, BigInt(i + 1)), config, 1)),
    );
    expect(Number(version())).toBe(before + 1);
    other.close();
    await store.close();
  });

  it('a full disk acknowledges nothing, loses nothing and heals: HOST_STORE_FULL', async () => {
    const { path, store } = await openStore();
    await store.putVoucher(makeVoucher(config, 1n), config, 1);
    await store.close();
    // The page limit lives in the connection, so the store's own connection gets it through a hook of the test.
    const limited = openHostStore(path, { maxPages: 1 });
    const writes = Array.from({ length: 40 }, (_, i) => {
      const another = makeConfig({ seed: i + 2 });
      return limited.putVoucher(makeVoucher(another, 1n), another, 1);
    });
    for (const write of await Promise.allSettled(writes)) {
      expect(write).toMatchObject({ status: 'rejected', reason: { code: 'HOST_STORE_FULL' } });
    }
    expect(limited.getVoucher(id)?.maxClaimableWei).toBe(1n);
    await limited.close();
    const healed = openHostStore(path);
    expect(await healed.putVoucher(makeVoucher(config, 2n), config, 1)).toBe('stored');
    await healed.close();
  });
});

describe('approvals', () => {
  it('the first stays; the same again is known; another is evidence', async () => {
    const { store } = await openStore();
    expect(await store.putApproval(makeApproval(config, 3n, 1n), config, 1)).toBe('stored');
    expect(await store.putApproval(makeApproval(config, 3n, 1n), config, 2)).toBe('known');
    expect(await store.putApproval(makeApproval(config, 2n, 1n), config, 3)).toBe('conflict');
    expect(store.getApproval(id)).toEqual(makeApproval(config, 3n, 1n));
    expect(store.listEvidence()).toHaveLength(1);
    await store.close();
  });
});

describe('offers', () => {
  const reserve = (store: HostStore, change: { seed?: number; deposit: bigint; now?: number }) => {
    const wanted = makeConfig({ seed: change.seed ?? 1 });
    const now = change.now ?? 1_000;
    const unsigned = {
      channelId: digests.channelId(wanted),
      maxDepositWei: change.deposit,
      expiresAt: now + 60,
    };
    const offer = signOffer(digests, secp, keys.host, unsigned);
    return store.reserveOffer({ config: wanted, freeBondWei: 100n, now, offer });
  };

  it('outstanding offers never exceed the free bond, also when asked for at once', async () => {
    const { store } = await openStore();
    const outcomes = await Promise.all([1, 2, 3].map((seed) => reserve(store, { seed, deposit: 40n })));
    expect(outcomes.map((result) => result.outcome)).toEqual(['stored', 'stored', 'no-bond']);
    await store.close();
  });

  it('the same question gets the same offer and counts once', async () => {
    const { store } = await openStore();
    const first = await reserve(store, { deposit: 60n });
    const second = await reserve(store, { deposit: 60n, now: 1_010 });
    expect(second.outcome).toBe('known');
    expect(second).toMatchObject({ offer: (first as { offer: unknown }).offer });
    expect((await reserve(store, { seed: 2, deposit: 40n })).outcome).toBe('stored');
    await store.close();
  });

  it('a smaller offer for the same channel does not free what the larger one holds', async () => {
    const { store } = await openStore();
    await reserve(store, { deposit: 90n });
    await reserve(store, { deposit: 1n });
    expect((await reserve(store, { seed: 2, deposit: 11n })).outcome).toBe('no-bond');
    await store.close();
  });

  it('release and expiry free the bond, but not before no block can be older', async () => {
    const { store } = await openStore();
    await reserve(store, { deposit: 100n });
    expect((await reserve(store, { seed: 2, deposit: 1n, now: 1_061 })).outcome).toBe('no-bond');
    expect((await reserve(store, { seed: 2, deposit: 100n, now: 1_200 })).outcome).toBe('stored');
    await store.releaseOffer(digests.channelId(makeConfig({ seed: 2 })));
    expect((await reserve(store, { seed: 3, deposit: 100n, now: 1_201 })).outcome).toBe('stored');
    await store.close();
  });
});

describe('everything else', () => {
  it('the newest registration is the running enclave', async () => {
    const { path, store } = await openStore();
    const first = {
      bootId: 'a',
      enclaveKey: secp.addressOf(keys.enclave),
      tlsSpkiSha256: 'aa'.repeat(32),
      keysetDigest: `sha256:${'bb'.repeat(32)}`,
      models: [model],
      registeredAt: 5,
    };
    const second = { ...first, bootId: 'b', enclaveKey: asAddress(`0x${'77'.repeat(20)}`) };
    expect(store.getRunningEnclave()).toBeNull();
    await store.registerEnclave(first);
    await store.registerEnclave(second);
    await store.close();
    const reopened = openHostStore(path);
    expect(reopened.getRunningEnclave()).toEqual(second);
    await reopened.close();
  });

  it('keeps closes and the block together over a restart', async () => {
    const { path, store } = await openStore();
    await store.recordBlock(7n, [{ channelId: id, closesAt: 99 }]);
    await store.close();
    const reopened = openHostStore(path);
    expect(reopened.getWatchedBlock()).toBe(7n);
    expect(reopened.listPendingCloses()).toEqual([{ channelId: id, closesAt: 99 }]);
    await reopened.endClose(id);
    expect(reopened.listPendingCloses()).toEqual([]);
    await reopened.close();
  });

  it('refuses a file of another version and a file that is no database: HOST_STORE', async () => {
    const { path, store } = await openStore();
    await store.close();
    const other = new DatabaseSync(path);
    other.exec('PRAGMA user_version = 99');
    other.close();
    expect(() => openHostStore(path)).toThrow(expect.objectContaining({ code: 'HOST_STORE' }));
    expect(() => openHostStore('/nonexistent/dir/host.db')).toThrow(
      expect.objectContaining({ code: 'HOST_STORE' }),
    );
  });
});
