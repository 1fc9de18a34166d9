import { asAddress, asChannelId, type Clock } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { assertChannelConfig, ZERO_ADDRESS } from '../src/config.ts';
import { createChannelDigests } from '../src/digests.ts';
import { PreparedSigner } from '../src/prepared-signer.ts';
import {
  assertChannelRequest,
  assertCloseApproval,
  assertOffer,
  MAX_REQUEST_LIFETIME_SECONDS,
  signCloseApproval,
  signOffer,
} from '../src/signed-messages.ts';
import type { ChannelConfig, SignedCloseApproval } from '../src/types.ts';
import {
  channelId,
  config,
  digests,
  domain,
  enclaveKey,
  hostKey,
  payerKey,
  secp,
  signer,
  strangerKey,
} from './channel-fixtures.ts';

const NOW = 1_800_000_000;
const clock: Clock = { now: () => NOW * 1000, monotonicMs: () => 0 };
const badSignature = expect.objectContaining({ code: 'CHANNEL_SIGNATURE' });
const expired = expect.objectContaining({ code: 'CHANNEL_EXPIRED' });
const elsewhere = [
  createChannelDigests({ ...domain, chainId: 1 }),
  createChannelDigests({ ...domain, contract: asAddress(`0x${'99'.repeat(20)}`) }),
];
const otherId = asChannelId(`0x${'77'.repeat(32)}`);

describe('close approval', () => {
  const sign = (digest: Uint8Array): `0x${string}` => secp.sign(digest, enclaveKey);
  const unsigned = { channelId, charge: { ownerWei: 30n, hostWei: 70n }, voucher: signer.voucher(100n) };
  const approval = signCloseApproval(digests, sign, unsigned);
  const assert = (changed: SignedCloseApproval): void => assertCloseApproval(digests, secp, config, changed);

  it('holds with a voucher that covers it, and without one when nothing is charged', () => {
    assert(approval);
    assert(
      signCloseApproval(digests, sign, { channelId, charge: { ownerWei: 0n, hostWei: 0n }, voucher: null }),
    );
  });

  it('refuses changed amounts, another channel, chain, contract or signer', () => {
    expect(() => assert({ ...approval, charge: { ownerWei: 31n, hostWei: 69n } })).toThrow(badSignature);
    expect(() => assert({ ...approval, channelId: otherId })).toThrow(badSignature);
    for (const other of elsewhere) {
      expect(() => assert(signCloseApproval(other, sign, unsigned))).toThrow(badSignature);
    }
    const byStranger = signCloseApproval(digests, (digest) => secp.sign(digest, strangerKey), unsigned);
    expect(() => assert(byStranger)).toThrow(badSignature);
  });

  it('refuses a voucher of another channel or signer', () => {
    const foreign = new PreparedSigner(digests, secp, payerKey, otherId).voucher(100n);
    const byStranger = new PreparedSigner(digests, secp, strangerKey, channelId).voucher(100n);
    for (const voucher of [foreign, byStranger, { ...foreign, channelId }]) {
      expect(() => assert({ ...approval, voucher })).toThrow(badSignature);
    }
  });

  it('refuses a charge that the voucher does not cover (CHANNEL_OVERCHARGED)', () => {
    const overcharged = expect.objectContaining({ code: 'CHANNEL_OVERCHARGED' });
    expect(() => assert({ ...approval, voucher: signer.voucher(99n) })).toThrow(overcharged);
    expect(() => assert({ ...approval, voucher: null })).toThrow(overcharged);
  });
});

describe('offer', () => {
  const offer = { channelId, maxDepositWei: 10n, expiresAt: NOW + 60 };
  const signed = signOffer(digests, secp, hostKey, offer);

  it("is the host's word about this channel until it expires", () => {
    assertOffer(digests, secp, config, signed, clock);
    for (const changed of [
      { ...signed, maxDepositWei: 11n },
      { ...signed, expiresAt: NOW + 61 },
      { ...signed, channelId: otherId },
      signOffer(digests, secp, strangerKey, offer),
      ...elsewhere.map((other) => signOffer(other, secp, hostKey, offer)),
    ]) {
      expect(() => assertOffer(digests, secp, config, changed, clock)).toThrow(badSignature);
    }
    const old = signOffer(digests, secp, hostKey, { ...offer, expiresAt: NOW });
    expect(() => assertOffer(digests, secp, config, old, clock)).toThrow(expired);
  });
});

describe('channel request', () => {
  const assert = (request: Parameters<typeof assertChannelRequest>[3]): void =>
    assertChannelRequest(digests, secp, config.payerAuthorizer, request, clock);
  const request = signer.request('status', NOW + 60);

  it('proves that the payer asks for this action', () => {
    assert(request);
    for (const changed of [
      { ...request, action: 'close' as const },
      { ...request, expiresAt: NOW + 61 },
      { ...request, channelId: otherId },
      new PreparedSigner(digests, secp, strangerKey, channelId).request('status', NOW + 60),
      ...elsewhere.map((other) =>
        new PreparedSigner(other, secp, payerKey, channelId).request('status', NOW + 60),
      ),
    ]) {
      expect(() => assert(changed)).toThrow(badSignature);
    }
  });

  it('lives from now to ten minutes ahead (CHANNEL_EXPIRED)', () => {
    assert(signer.request('close', NOW + MAX_REQUEST_LIFETIME_SECONDS));
    for (const expiresAt of [0, NOW, NOW + MAX_REQUEST_LIFETIME_SECONDS + 1]) {
      expect(() => assert(signer.request('close', expiresAt))).toThrow(expired);
    }
  });
});

describe('assertChannelConfig', () => {
  it.each<[string, Partial<ChannelConfig>]>([
    ['payer zero', { payer: ZERO_ADDRESS }],
    ['authorizer zero', { payerAuthorizer: ZERO_ADDRESS }],
    ['host zero', { host: ZERO_ADDRESS }],
    ['owner zero', { owner: ZERO_ADDRESS }],
    ['enclave key zero', { enclaveKey: ZERO_ADDRESS }],
    ['challenge zero', { challenge: `0x${'00'.repeat(32)}` as ChannelConfig['challenge'] }],
    ['no close window', { closeWindowSeconds: 0 }],
    ['half a second', { closeWindowSeconds: 0.5 }],
  ])('refuses %s (CHANNEL_CONFIG)', (_, change) => {
    assertChannelConfig(config);
    expect(() => assertChannelConfig({ ...config, ...change })).toThrow(
      expect.objectContaining({ code: 'CHANNEL_CONFIG' }),
    );
  });

  it.each<[string, Partial<ChannelConfig>]>([
    ['close window', { closeWindowSeconds: 2 ** 32 }],
    ['price', { price: { ...config.price, hostPromptPerMTok: 1n << 128n } }],
    ['negative price', { price: { ...config.price, hostPromptPerMTok: -1n } }],
  ])('refuses a %s out of range (CHANNEL_RANGE)', (_, change) => {
    expect(() => assertChannelConfig({ ...config, ...change })).toThrow(
      expect.objectContaining({ code: 'CHANNEL_RANGE' }),
    );
  });
});

it('PreparedSigner keeps its own copy of the key', () => {
  const key = payerKey.slice();
  const own = new PreparedSigner(digests, secp, key, channelId);
  key.fill(0);
  expect(own.voucher(5n)).toEqual(signer.voucher(5n));
  expect(own.address).toBe(config.payerAuthorizer);
});
