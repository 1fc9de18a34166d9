import { readFileSync } from 'node:fs';
import { asAddress, asChannelId, toPrefixedHex } from '@dcml/core';
import { voucherTypes } from '@x402/evm';
import fc from 'fast-check';
import { hashTypedData, type TypedDataDomain, domainSeparator as viemDomainSeparator } from 'viem';
import { describe, expect, it } from 'vitest';
import {
  CHANNEL_DOMAIN_NAME,
  CHANNEL_DOMAIN_VERSION,
  channelTypes,
  createChannelDigests,
  domainSeparator,
} from '../src/digests.ts';
import type { ChannelAction, ChannelDomain, CloseApproval, Offer } from '../src/types.ts';
import { anyConfig, channelId, config, digests, domain, hexOf, signer, uint } from './channel-fixtures.ts';
import { typedDataTypes } from './typed-data-types.ts';

const viemDomain = (of: ChannelDomain): TypedDataDomain => ({
  name: CHANNEL_DOMAIN_NAME,
  version: CHANNEL_DOMAIN_VERSION,
  chainId: of.chainId,
  verifyingContract: of.contract,
});

const anyDomain = fc.record({
  chainId: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  contract: hexOf(20).map(asAddress),
});
const anyId = hexOf(32).map(asChannelId);
const anySeconds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe('EIP-712 digests against viem', () => {
  it('domain separator', () => {
    fc.assert(
      fc.property(anyDomain, (of) => {
        expect(toPrefixedHex(domainSeparator(of))).toBe(viemDomainSeparator({ domain: viemDomain(of) }));
      }),
      { numRuns: 30 },
    );
  });

  it('channel id', () => {
    fc.assert(
      fc.property(anyDomain, anyConfig, (of, message) => {
        const expected = hashTypedData({
          domain: viemDomain(of),
          types: typedDataTypes,
          primaryType: 'ChannelConfig',
          message,
        });
        expect(createChannelDigests(of).channelId(message)).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('voucher, also when one hasher is used for many amounts', () => {
    fc.assert(
      fc.property(
        anyDomain,
        anyId,
        fc.array(uint(128n), { minLength: 1, maxLength: 4 }),
        (of, id, amounts) => {
          const own = createChannelDigests(of);
          const hasher = own.voucherOf(id);
          for (const maxClaimableWei of amounts) {
            const expected = hashTypedData({
              domain: viemDomain(of),
              types: typedDataTypes,
              primaryType: 'Voucher',
              message: { channelId: id, maxClaimableAmount: maxClaimableWei },
            });
            expect(toPrefixedHex(own.voucher({ channelId: id, maxClaimableWei }))).toBe(expected);
            expect(toPrefixedHex(hasher(maxClaimableWei))).toBe(expected);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('close approval', () => {
    fc.assert(
      fc.property(anyId, uint(128n), uint(128n), (id, ownerWei, hostWei) => {
        const approval: CloseApproval = { channelId: id, charge: { ownerWei, hostWei } };
        const expected = hashTypedData({
          domain: viemDomain(domain),
          types: typedDataTypes,
          primaryType: 'CloseApproval',
          message: { channelId: id, chargedOwner: ownerWei, chargedHost: hostWei },
        });
        expect(toPrefixedHex(digests.closeApproval(approval))).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('offer', () => {
    fc.assert(
      fc.property(anyId, uint(128n), anySeconds, (id, maxDepositWei, expiresAt) => {
        const offer: Offer = { channelId: id, maxDepositWei, expiresAt };
        const expected = hashTypedData({
          domain: viemDomain(domain),
          types: typedDataTypes,
          primaryType: 'Offer',
          message: { channelId: id, maxDeposit: maxDepositWei, expiresAt: BigInt(expiresAt) },
        });
        expect(toPrefixedHex(digests.offer(offer))).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('channel request', () => {
    const anyAction = fc.constantFrom<ChannelAction>('status', 'close');
    fc.assert(
      fc.property(anyId, anyAction, anySeconds, (id, action, expiresAt) => {
        const expected = hashTypedData({
          domain: viemDomain(domain),
          types: typedDataTypes,
          primaryType: 'ChannelRequest',
          message: { channelId: id, action, expiresAt: BigInt(expiresAt) },
        });
        expect(toPrefixedHex(digests.channelRequest({ channelId: id, action, expiresAt }))).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });
});

describe('digests', () => {
  it('gives the vectors of docs/protocol/channel.md', () => {
    const page = readFileSync(new URL('../../../docs/protocol/channel.md', import.meta.url), 'utf8');
    const vectors = [
      toPrefixedHex(domainSeparator(domain)),
      channelId,
      toPrefixedHex(digests.voucher({ channelId, maxClaimableWei: 1_000_000n })),
      signer.voucher(1_000_000n).signature,
      toPrefixedHex(digests.closeApproval({ channelId, charge: { ownerWei: 300n, hostWei: 700n } })),
      toPrefixedHex(digests.offer({ channelId, maxDepositWei: 10n ** 18n, expiresAt: 1_800_000_000 })),
      toPrefixedHex(digests.channelRequest({ channelId, action: 'close', expiresAt: 1_800_000_000 })),
    ];
    expect(vectors[1]).toBe('0x3ab9fee43596d34829c3d4870f76cf1fff06c6ef0e56c854c9273881ff640a4f');
    for (const vector of vectors) expect(page).toContain(vector);
    for (const type of Object.values(channelTypes)) expect(page).toContain(type);
  });

  it('has the voucher struct of the x402 batch-settlement scheme', () => {
    expect(typedDataTypes.Voucher).toEqual(voucherTypes.Voucher);
  });

  it('does not hand out the buffer that it hashes in', () => {
    const hasher = digests.voucherOf(channelId);
    const first = hasher(1n);
    const copy = first.slice();
    hasher(2n);
    expect(first).toEqual(copy);
  });

  it.each([-1n, 1n << 128n])('refuses amount %s, which would alias another one (CHANNEL_RANGE)', (amount) => {
    const range = expect.objectContaining({ code: 'CHANNEL_RANGE' });
    const zero = { ownerWei: 0n, hostWei: 0n };
    expect(() => digests.voucher({ channelId, maxClaimableWei: amount })).toThrow(range);
    expect(() => digests.closeApproval({ channelId, charge: { ...zero, ownerWei: amount } })).toThrow(range);
    expect(() => digests.closeApproval({ channelId, charge: { ...zero, hostWei: amount } })).toThrow(range);
    expect(() => digests.offer({ channelId, maxDepositWei: amount, expiresAt: 1 })).toThrow(range);
    for (const name of Object.keys(config.price)) {
      expect(() => digests.channelId({ ...config, price: { ...config.price, [name]: amount } })).toThrow(
        range,
      );
    }
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses time %s (CHANNEL_RANGE)', (time) => {
    const range = expect.objectContaining({ code: 'CHANNEL_RANGE' });
    expect(() => digests.offer({ channelId, maxDepositWei: 1n, expiresAt: time })).toThrow(range);
    expect(() => digests.channelRequest({ channelId, action: 'close', expiresAt: time })).toThrow(range);
    expect(() => digests.channelId({ ...config, closeWindowSeconds: time })).toThrow(range);
  });

  it('refuses a close window beyond uint32 and a chain id that is not positive (CHANNEL_RANGE)', () => {
    const range = expect.objectContaining({ code: 'CHANNEL_RANGE' });
    expect(() => digests.channelId({ ...config, closeWindowSeconds: 2 ** 32 })).toThrow(range);
    for (const chainId of [0, -1, 1.5]) expect(() => domainSeparator({ ...domain, chainId })).toThrow(range);
  });

  it('every digest depends on the chain and on the contract', () => {
    const elsewhere = [
      createChannelDigests({ ...domain, chainId: domain.chainId + 1 }),
      createChannelDigests({ ...domain, contract: asAddress(`0x${'12'.repeat(20)}`) }),
    ];
    for (const other of elsewhere) {
      expect(other.channelId(config)).not.toBe(channelId);
      expect(other.voucher({ channelId, maxClaimableWei: 1n })).not.toEqual(
        digests.voucher({ channelId, maxClaimableWei: 1n }),
      );
    }
  });

  it('the id depends on every member of the configuration', () => {
    const flip = (text: string): string => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');
    const ids = new Set<string>([channelId]);
    for (const [name, value] of Object.entries(config)) {
      if (typeof value === 'string') ids.add(digests.channelId({ ...config, [name]: flip(value) }));
    }
    for (const name of Object.keys(config.price)) {
      ids.add(digests.channelId({ ...config, price: { ...config.price, [name]: 5n } }));
    }
    ids.add(digests.channelId({ ...config, closeWindowSeconds: 1 }));
    expect(ids.size).toBe(1 + 8 + 4 + 1);
  });
});
