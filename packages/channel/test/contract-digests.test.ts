import { asChannelId, toPrefixedHex } from '@dcml/core';
import { startTestChain, type TestChain } from '@dcml/devnet';
import { inferenceChannelsAbi } from '@dcml/evm';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ChannelDigests, createChannelDigests } from '../src/digests.ts';
import type { ChannelAction } from '../src/types.ts';
import { anyConfig, hexOf, uint } from './channel-fixtures.ts';

let chain: TestChain;
let digests: ChannelDigests;

beforeAll(async () => {
  chain = await startTestChain();
  digests = createChannelDigests({ chainId: chain.chainId, contract: chain.contracts.channels });
});

afterAll(async () => {
  await chain?.close();
});

const contract = (): { address: `0x${string}`; abi: typeof inferenceChannelsAbi } => ({
  address: chain.contracts.channels,
  abi: inferenceChannelsAbi,
});
const anyId = hexOf(32).map(asChannelId);
const runs = { numRuns: 25 };

it('channelId is the contract’s, for any configuration', async () => {
  await fc.assert(
    fc.asyncProperty(anyConfig, async (config) => {
      const { viem } = chain.as('stranger');
      expect(await viem.readContract({ ...contract(), functionName: 'channelId', args: [config] })).toBe(
        digests.channelId(config),
      );
    }),
    runs,
  );
});

it('voucher, close approval, offer and channel request digests are the contract’s', async () => {
  const anyAction = fc.constantFrom<ChannelAction>('status', 'close');
  const anySeconds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  await fc.assert(
    fc.asyncProperty(
      anyId,
      uint(128n),
      uint(128n),
      anySeconds,
      anyAction,
      async (id, a, b, expiresAt, action) => {
        const { viem } = chain.as('stranger');
        const of = contract();
        const seconds = BigInt(expiresAt);
        const [voucher, approval, offer, request] = await Promise.all([
          viem.readContract({ ...of, functionName: 'hashVoucher', args: [id, a] }),
          viem.readContract({ ...of, functionName: 'hashCloseApproval', args: [id, a, b] }),
          viem.readContract({ ...of, functionName: 'hashOffer', args: [id, a, seconds] }),
          viem.readContract({ ...of, functionName: 'hashChannelRequest', args: [id, action, seconds] }),
        ]);
        expect(toPrefixedHex(digests.voucher({ channelId: id, maxClaimableWei: a }))).toBe(voucher);
        expect(
          toPrefixedHex(digests.closeApproval({ channelId: id, charge: { ownerWei: a, hostWei: b } })),
        ).toBe(approval);
        expect(toPrefixedHex(digests.offer({ channelId: id, maxDepositWei: a, expiresAt }))).toBe(offer);
        expect(toPrefixedHex(digests.channelRequest({ channelId: id, action, expiresAt }))).toBe(request);
      },
    ),
    runs,
  );
});
