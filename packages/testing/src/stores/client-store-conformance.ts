import assert from 'node:assert/strict';
import { type ChannelConfig, newPayerState, type PayerState, ZERO_ADDRESS } from '@dcml/channel';
import type { ChannelRecord, ClientStore, ReceiptRecord } from '@dcml/client';
import { asAddress, asChallenge, asChannelId, asModelHash, toPrefixedHex } from '@dcml/core';

/** How a suite gets stores of one backend. */
export interface ClientStoreBackend {
  open(): Promise<ClientStore>;
  /** The same state again, after the store was closed or its process died; null for a backend that forgets. */
  readonly reopen: (() => Promise<ClientStore>) | null;
}

export interface ConformanceCase {
  readonly name: string;
  run(backend: ClientStoreBackend): Promise<void>;
}

const bytes32 = (seed: number): `0x${string}` => toPrefixedHex(new Uint8Array(32).fill(seed));
const party = (seed: number): ReturnType<typeof asAddress> =>
  asAddress(toPrefixedHex(new Uint8Array(20).fill(seed)));

export function sampleConfig(seed: number): ChannelConfig {
  return {
    payer: party(1),
    payerAuthorizer: party(2),
    host: party(3),
    owner: party(4),
    model: asModelHash(bytes32(5)),
    token: ZERO_ADDRESS,
    enclaveKey: party(6),
    challenge: asChallenge(bytes32(seed)),
    price: {
      ownerPromptPerMTok: 1n,
      ownerCompletionPerMTok: 2n,
      hostPromptPerMTok: 3n,
      hostCompletionPerMTok: 2n ** 127n,
    },
    closeWindowSeconds: 60,
  };
}

export function sampleChannel(seed: number): ChannelRecord {
  return {
    channelId: asChannelId(bytes32(seed)),
    domain: { chainId: 31337, contract: party(9) },
    config: sampleConfig(seed),
    sessionKey: bytes32(7),
    depositWei: 2n ** 100n,
    hostUrl: 'http://host.test:1',
    enclaveUrl: 'https://enclave.test:2',
    phase: 'prepared',
    offer: null,
    openTransaction: null,
    approval: null,
    closeTransaction: null,
    closesAt: 0,
    createdAt: 1_800_000_000 + seed,
  };
}

function sampleReceipt(name: string, requestBody: Uint8Array | null): ReceiptRecord {
  return {
    receiptId: name,
    channelId: asChannelId(bytes32(1)),
    servedAt: 5,
    evidenceId: 'e1',
    receipt: `{"name":"${name}"}`,
    requestBody,
    responseBody: requestBody,
  };
}

const SIGNATURE: `0x${string}` = `${toPrefixedHex(new Uint8Array(64).fill(1))}1b`;

async function withChannel(backend: ClientStoreBackend, seed = 1): Promise<[ClientStore, ChannelRecord]> {
  const store = await backend.open();
  const channel = sampleChannel(seed);
  await store.createChannel(channel, newPayerState(channel.channelId, channel.depositWei));
  return [store, channel];
}

function authorize(amountWei: bigint): (account: PayerState) => { account: PayerState; result: bigint } {
  return (account) => ({ account: { ...account, authorizedWei: amountWei }, result: amountWei });
}

/** What every `ClientStore` does. A case throws when its backend does not. */
export const clientStoreConformance: readonly ConformanceCase[] = [
  {
    name: 'gives back a channel exactly, and null for an unknown one',
    async run(backend) {
      const [store, channel] = await withChannel(backend);
      assert.deepEqual(await store.getChannel(channel.channelId), channel);
      assert.equal(await store.getChannel(asChannelId(bytes32(99))), null);
      assert.deepEqual(
        await store.getAccount(channel.channelId),
        newPayerState(channel.channelId, channel.depositWei),
      );
      await store.close();
    },
  },
  {
    name: 'lists channels oldest first and refuses a second one of the same id',
    async run(backend) {
      const [store, first] = await withChannel(backend, 3);
      const second = sampleChannel(2);
      await store.createChannel(second, newPayerState(second.channelId, second.depositWei));
      assert.deepEqual(
        (await store.listChannels()).map((channel) => channel.channelId),
        [first.channelId, second.channelId],
      );
      await assert.rejects(store.createChannel(first, newPayerState(first.channelId, 1n)), {
        code: 'CLIENT_STORE',
      });
      assert.equal((await store.getAccount(first.channelId))?.depositWei, first.depositWei);
      await store.close();
    },
  },
  {
    name: 'changes a channel and nothing else of it',
    async run(backend) {
      const [store, channel] = await withChannel(backend);
      const offer = {
        channelId: channel.channelId,
        maxDepositWei: 5n,
        expiresAt: 7,
        hostSignature: SIGNATURE,
      };
      const change = { phase: 'depositing', offer, openTransaction: bytes32(8) } as const;
      assert.deepEqual(await store.updateChannel(channel.channelId, change), { ...channel, ...change });
      const approval = {
        channelId: channel.channelId,
        charge: { ownerWei: 1n, hostWei: 2n },
        enclaveSignature: SIGNATURE,
        voucher: { channelId: channel.channelId, maxClaimableWei: 3n, signature: SIGNATURE },
      };
      await store.updateChannel(channel.channelId, { approval, closesAt: 9 });
      assert.deepEqual(await store.getChannel(channel.channelId), {
        ...channel,
        ...change,
        approval,
        closesAt: 9,
      });
      await assert.rejects(store.updateChannel(asChannelId(bytes32(99)), { phase: 'open' }), {
        code: 'CLIENT_NOT_FOUND',
      });
      await store.close();
    },
  },
  {
    name: 'changes an account in one step, and keeps it as it was when the change throws',
    async run(backend) {
      const [store, { channelId }] = await withChannel(backend);
      assert.equal(await store.changeAccount(channelId, authorize(10n)), 10n);
      const failing = store.changeAccount(channelId, () => {
        throw new RangeError('no');
      });
      await assert.rejects(failing);
      assert.equal((await store.getAccount(channelId))?.authorizedWei, 10n);
      await assert.rejects(store.changeAccount(asChannelId(bytes32(99)), authorize(1n)), {
        code: 'CLIENT_NOT_FOUND',
      });
      await store.close();
    },
  },
  {
    name: 'never forgets a voucher: an account cannot go down or change its deposit',
    async run(backend) {
      const [store, { channelId }] = await withChannel(backend);
      await store.changeAccount(channelId, authorize(10n));
      await assert.rejects(store.changeAccount(channelId, authorize(9n)), { code: 'CLIENT_STORE' });
      const richer = store.changeAccount(channelId, (account) => ({
        account: { ...account, depositWei: account.depositWei + 1n },
        result: null,
      }));
      await assert.rejects(richer, { code: 'CLIENT_STORE' });
      assert.equal((await store.getAccount(channelId))?.authorizedWei, 10n);
      await store.close();
    },
  },
  {
    name: 'parallel changes of one account all count',
    async run(backend) {
      const [store, { channelId }] = await withChannel(backend);
      const increments = Array.from({ length: 50 }, () =>
        store.changeAccount(channelId, (account) => {
          const authorizedWei = account.authorizedWei + 1n;
          return { account: { ...account, authorizedWei }, result: authorizedWei };
        }),
      );
      const amounts = await Promise.all(increments);
      assert.equal(new Set(amounts).size, 50);
      assert.equal((await store.getAccount(channelId))?.authorizedWei, 50n);
      await store.close();
    },
  },
  {
    name: 'keeps requests in flight and usage of an account',
    async run(backend) {
      const [store, { channelId }] = await withChannel(backend);
      const busy: Partial<PayerState> = {
        usage: { promptTokens: 3n, completionTokens: 4n },
        inFlight: { '1': { promptTokens: 5n, completionTokens: 6n } },
        nextRequestId: 2,
      };
      await store.changeAccount(channelId, (account) => ({ account: { ...account, ...busy }, result: null }));
      const kept = await store.getAccount(channelId);
      assert.deepEqual(
        { usage: kept?.usage, inFlight: kept?.inFlight, nextRequestId: kept?.nextRequestId },
        busy,
      );
      await store.close();
    },
  },
  {
    name: 'keeps receipts newest first, with and without bodies, and drops the oldest beyond the bound',
    async run(backend) {
      const store = await backend.open();
      const bodies = [new Uint8Array([0, 255, 10]), null, new Uint8Array(0), new Uint8Array(70_000).fill(3)];
      for (const [i, body] of bodies.entries()) await store.putReceipt(sampleReceipt(`r${i}`, body), 3);
      const kept = await store.listReceipts(10);
      assert.deepEqual(
        kept.map((receipt) => receipt.receiptId),
        ['r3', 'r2', 'r1'],
      );
      assert.equal(await store.getReceipt('r0'), null);
      assert.deepEqual(Uint8Array.from((await store.getReceipt('r3'))?.requestBody ?? []), bodies[3]);
      assert.equal((await store.getReceipt('r1'))?.requestBody, null);
      assert.equal((await store.listReceipts(1)).length, 1);
      await store.close();
    },
  },
  {
    name: 'keeps evidence once',
    async run(backend) {
      const store = await backend.open();
      await store.putEvidence('e1', 'first');
      await store.putEvidence('e1', 'second');
      assert.equal(await store.getEvidence('e1'), 'first');
      assert.equal(await store.getEvidence('e2'), null);
      await store.close();
    },
  },
  {
    name: 'closes twice without complaint',
    async run(backend) {
      const store = await backend.open();
      await store.close();
      await store.close();
    },
  },
  {
    name: 'finds everything again after a restart',
    async run(backend) {
      if (backend.reopen === null) return;
      const [store, channel] = await withChannel(backend);
      await store.changeAccount(channel.channelId, authorize(77n));
      await store.putReceipt(sampleReceipt('r', new Uint8Array([1])), 5);
      await store.putEvidence('e1', 'evidence');
      await store.close();
      const again = await backend.reopen();
      assert.deepEqual(await again.getChannel(channel.channelId), channel);
      assert.equal((await again.getAccount(channel.channelId))?.authorizedWei, 77n);
      assert.equal((await again.listReceipts(5)).length, 1);
      assert.equal(await again.getEvidence('e1'), 'evidence');
      await again.close();
    },
  },
];
