import { createRpcChannelView } from '@dcml/chain';
import type { ChannelConfig } from '@dcml/channel';
import type { ChannelId, ModelHash } from '@dcml/core';
import { startTestChain, type TestChain } from '@dcml/devnet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  closeChannel,
  finalizeClose,
  getBalance,
  getBond,
  getChannel,
  getCoins,
  isChallengeUsed,
  listOpened,
  openChannel,
  startClose,
  watchCloseStarted,
  withdraw,
  withdrawBond,
} from '../src/index.ts';
import { approvalFor, configOf, ether, offerFor, prepareModel } from './chain-fixtures.ts';

let chain: TestChain;
let model: ModelHash;
beforeAll(async () => {
  chain = await startTestChain();
  model = await prepareModel(chain, 'served');
});
afterAll(() => chain?.close());

async function open(config: ChannelConfig, depositWei = ether): Promise<ChannelId> {
  const offer = await offerFor(chain, config, depositWei);
  const { channelId, transaction } = await openChannel(chain.as('payer'), { config, depositWei, offer });
  expect(channelId).toBe(offer.channelId);
  expect(transaction.gasUsed).toBeLessThanOrEqual(150_000n);
  return channelId;
}

it('open, close by approval, withdraw: everybody has what the approval says', async () => {
  const config = configOf(chain, model);
  const { owner, host, payer } = chain.accounts;
  const reader = chain.as('stranger');
  const bond = await getBond(reader, host.address);
  const id = await open(config);
  expect(await getChannel(reader, id)).toEqual({ status: 'open', depositWei: ether, closesAt: 0 });
  expect(await getBond(reader, host.address)).toBe(bond - ether);
  expect(await isChallengeUsed(reader, config.enclaveKey, config.challenge)).toBe(true);

  const approval = await approvalFor(chain, id, ether / 4n, ether / 8n);
  await closeChannel(chain.as('stranger'), config, approval);
  expect(await getChannel(reader, id)).toEqual({ status: 'closed', depositWei: 0n, closesAt: 0 });
  expect(await getBond(reader, host.address)).toBe(bond);
  const credits = [];
  for (const { address } of [owner, host, payer]) credits.push(await getBalance(reader, address));
  expect(credits).toEqual([ether / 4n, ether / 8n, (ether * 5n) / 8n]);

  const before = await getCoins(reader, owner.address);
  await withdraw(reader, owner.address);
  expect((await getCoins(reader, owner.address)) - before).toBe(ether / 4n);
  expect(await getBalance(reader, owner.address)).toBe(0n);
});

it('an unused channel closes without a voucher', async () => {
  const config = configOf(chain, model);
  const id = await open(config);
  await closeChannel(chain.as('payer'), config, await approvalFor(chain, id, 0n, 0n));
  expect((await getChannel(chain.as('payer'), id)).status).toBe('closed');
});

it('start close, silence, finalize; the whole configuration can be read from the chain', async () => {
  const config = configOf(chain, model);
  const id = await open(config);
  await startClose(chain.as('payer'), config);
  const closing = await getChannel(chain.as('payer'), id);
  expect(closing).toMatchObject({ status: 'closing', depositWei: ether });
  await expect(finalizeClose(chain.as('stranger'), config)).rejects.toMatchObject({
    code: 'EVM_REVERTED',
    details: { error: 'InferenceChannelsWindowOpen', args: [String(closing.closesAt)] },
  });
  await chain.increaseTime(601);
  const [opened] = await listOpened(chain.as('stranger'), { channelId: id });
  expect(opened).toMatchObject({ channelId: id, config, depositWei: ether });
  await finalizeClose(chain.as('stranger'), opened!.config);
  expect((await getChannel(chain.as('payer'), id)).status).toBe('closed');
});

it('the enclave’s own reader (no viem) sees the same channel in every state', async () => {
  const view = createRpcChannelView({
    contract: chain.contracts.channels,
    fetchRpc: (method, params) =>
      chain.as('stranger').viem.request({ method, params } as never) as Promise<unknown>,
  });
  const config = configOf(chain, model);
  const offer = await offerFor(chain, config, ether);
  const { signal } = new AbortController();
  const compare = async (): Promise<string> => {
    const state = await view.getChannel(offer.channelId, signal);
    expect(state).toEqual(await getChannel(chain.as('stranger'), offer.channelId));
    return state.status;
  };
  expect(await compare()).toBe('none');
  const id = await open(config);
  expect(await compare()).toBe('open');
  await startClose(chain.as('payer'), config);
  expect(await compare()).toBe('closing');
  await closeChannel(chain.as('host'), config, await approvalFor(chain, id, 1n, 1n));
  expect(await compare()).toBe('closed');
});

it('started closes are watched batch by batch, resumed without a gap, and the wait ends with the signal', async () => {
  const watcher = chain.as('stranger');
  const { host } = chain.accounts;
  const fromBlock = (await watcher.viem.getBlockNumber({ cacheTime: 0 })) + 1n;
  const configs = [configOf(chain, model), configOf(chain, model)] as const;
  const ids = [await open(configs[0]), await open(configs[1])];
  const controller = new AbortController();
  const options = { host: host.address, signal: controller.signal, pollMs: 10 };
  await startClose(chain.as('payer'), configs[0]);

  const seen: string[] = [];
  let nextBlock = fromBlock;
  for await (const batch of watchCloseStarted(watcher, { ...options, fromBlock })) {
    for (const event of batch.events) seen.push(event.channelId);
    nextBlock = batch.nextBlock;
    if (seen.length > 0) break;
  }
  await startClose(chain.as('payer'), configs[1]);
  for await (const batch of watchCloseStarted(watcher, { ...options, fromBlock: nextBlock })) {
    for (const event of batch.events) {
      expect(event.host).toBe(host.address);
      expect(event.closesAt).toBe((await getChannel(watcher, event.channelId)).closesAt);
      seen.push(event.channelId);
    }
    // Nothing more comes: the wait for a new block ends with the signal.
    if (seen.length === 2) controller.abort();
  }
  expect(seen).toEqual(ids);
});

it('watching for a host shows no closes of others', async () => {
  const watcher = chain.as('stranger');
  const none = watchCloseStarted(watcher, {
    host: chain.accounts.stranger.address,
    fromBlock: 0n,
    signal: new AbortController().signal,
  });
  const { value } = await none.next();
  expect(value?.events).toEqual([]);
  await none.return();
});

it('refusals name the contract’s error: bond, offer, challenge, charge', async () => {
  const refused = (error: string): object => ({ code: 'EVM_REVERTED', details: { error } });
  const payer = chain.as('payer');
  const bond = await getBond(payer, chain.accounts.host.address);
  const config = configOf(chain, model);
  const offer = await offerFor(chain, config, 2n * bond);
  await expect(openChannel(payer, { config, depositWei: bond + 1n, offer })).rejects.toMatchObject(
    refused('InferenceChannelsBondTooSmall'),
  );
  const forged = { ...offer, maxDepositWei: offer.maxDepositWei + 1n };
  await expect(openChannel(payer, { config, depositWei: 1n, offer: forged })).rejects.toMatchObject(
    refused('InferenceChannelsBadHostSignature'),
  );
  const expired = await offerFor(chain, config, ether, 1);
  await expect(openChannel(payer, { config, depositWei: 1n, offer: expired })).rejects.toMatchObject(
    refused('InferenceChannelsOfferExpired'),
  );
  const id = await open(config);
  await expect(openChannel(payer, { config, depositWei: 1n, offer })).rejects.toMatchObject(
    refused('InferenceChannelsChallengeUsed'),
  );
  await expect(withdrawBond(chain.as('host'), bond)).rejects.toMatchObject(
    refused('InferenceChannelsBondTooSmall'),
  );
  const approval = await approvalFor(chain, id, ether, 1n);
  await expect(closeChannel(payer, config, approval)).rejects.toMatchObject(
    refused('InferenceChannelsChargeOverDeposit'),
  );
});
