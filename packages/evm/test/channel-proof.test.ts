import { type ChannelProof, channelStorageKey, verifyChannelProof } from '@dcml/chain';
import type { ChannelConfig } from '@dcml/channel';
import { asChannelId, type ChannelId, fromPrefixedHex, type ModelHash, toHex } from '@dcml/core';
import { startTestChain, type TestChain } from '@dcml/devnet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { closeChannel, getChannel, openChannel, startClose } from '../src/index.ts';
import { approvalFor, configOf, ether, offerFor, prepareModel } from './chain-fixtures.ts';

let chain: TestChain;
let model: ModelHash;
beforeAll(async () => {
  chain = await startTestChain();
  model = await prepareModel(chain, 'proven');
});
afterAll(() => chain?.close());

interface Proven {
  readonly stateRoot: Uint8Array;
  readonly proof: ChannelProof;
}

const nodes = (list: readonly `0x${string}`[]): Uint8Array[] =>
  list.map((node) => fromPrefixedHex(node, 'node'));

/** The node's own proof, for its newest block. */
async function prove(id: ChannelId): Promise<Proven> {
  const { viem } = chain.as('stranger');
  const block = await viem.getBlock();
  const answer = await viem.getProof({
    address: chain.contracts.channels,
    storageKeys: [`0x${toHex(channelStorageKey(id))}`],
    blockNumber: block.number,
  });
  return {
    stateRoot: fromPrefixedHex(block.stateRoot, 'state root'),
    proof: {
      accountProof: nodes(answer.accountProof),
      storageProof: nodes(answer.storageProof[0]!.proof),
    },
  };
}

const check = ({ stateRoot, proof }: Proven, id: ChannelId): unknown =>
  verifyChannelProof(stateRoot, chain.contracts.channels, id, proof);

it('a channel is proven in every state, as the contract itself tells it', async () => {
  const config: ChannelConfig = configOf(chain, model);
  const offer = await offerFor(chain, config, ether);
  const id = offer.channelId;
  const stateNow = async (): Promise<unknown> => getChannel(chain.as('stranger'), id);

  const absent = await prove(id);
  expect(check(absent, id)).toEqual({ status: 'none', depositWei: 0n, closesAt: 0 });
  await openChannel(chain.as('payer'), { config, depositWei: ether, offer });
  const open = await prove(id);
  expect(check(open, id)).toEqual({ status: 'open', depositWei: ether, closesAt: 0 });
  expect(check(open, id)).toEqual(await stateNow());
  await startClose(chain.as('payer'), config);
  const closing = await prove(id);
  expect(check(closing, id)).toEqual(await stateNow());
  await closeChannel(chain.as('host'), config, await approvalFor(chain, id, 5n, 7n));
  const closed = await prove(id);
  expect(check(closed, id)).toEqual({ status: 'closed', depositWei: 0n, closesAt: 0 });

  const refusal = expect.objectContaining({ code: 'CHAIN_PROOF' });
  // An old proof under a new root, another channel's, another contract's, and proofs with parts missing.
  expect(() => check({ ...open, stateRoot: closed.stateRoot }, id)).toThrow(refusal);
  expect(() => check({ ...closed, proof: open.proof }, id)).toThrow(refusal);
  expect(() => check(open, asChannelId(`0x${'7'.repeat(64)}`))).toThrow(refusal);
  const { stateRoot, proof } = open;
  expect(() => verifyChannelProof(stateRoot, chain.contracts.registry, id, proof)).toThrow(refusal);
  expect(() => check({ stateRoot, proof: { ...proof, storageProof: [] } }, id)).toThrow(refusal);
  expect(() => check({ stateRoot, proof: { ...proof, accountProof: [] } }, id)).toThrow(refusal);
});
