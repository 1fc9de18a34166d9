import { asChannelId } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { PreparedSigner } from '../src/prepared-signer.ts';
import type { Secp256k1 } from '../src/secp256k1.ts';
import type { Signature, SignedVoucher } from '../src/types.ts';
import { createVoucherVerifier } from '../src/voucher-verifier.ts';
import { channelId, config, digests, payerKey, secp, signer, strangerKey } from './channel-fixtures.ts';

const channel = { channelId, payerAuthorizer: config.payerAuthorizer };
const stranger = new PreparedSigner(digests, secp, strangerKey, channelId);
const otherId = asChannelId(`0x${'77'.repeat(32)}`);
const flipV = (voucher: SignedVoucher): SignedVoucher => {
  const { signature } = voucher;
  return {
    ...voucher,
    signature: `${signature.slice(0, 130)}${signature.endsWith('1b') ? '1c' : '1b'}` as Signature,
  };
};

describe.each(['before', 'after'])('createVoucherVerifier, %s it has seen the key', (when) => {
  const verifier = createVoucherVerifier(digests, secp, channel);
  if (when === 'after') verifier.verify(signer.voucher(1n));

  it('refuses other signers, channels, amounts and a flipped v', () => {
    const good = signer.voucher(5n);
    for (const bad of [
      stranger.voucher(5n),
      flipV(good),
      { ...good, maxClaimableWei: 6n },
      { ...good, channelId: otherId },
      { ...new PreparedSigner(digests, secp, payerKey, otherId).voucher(5n), channelId },
      { ...good, signature: '0x' as Signature },
    ]) {
      expect(verifier.verify(bad)).toBe(false);
    }
  });

  it('accepts the authorizer', () => {
    expect(verifier.verify(signer.voucher(5n))).toBe(true);
    expect(verifier.verify(signer.voucher((1n << 128n) - 1n))).toBe(true);
  });

  it('refuses to hash an amount that no uint128 holds (CHANNEL_RANGE)', () => {
    expect(() => verifier.verify({ ...signer.voucher(5n), maxClaimableWei: 1n << 128n })).toThrow(
      expect.objectContaining({ code: 'CHANNEL_RANGE' }),
    );
  });
});

it('a stranger first does not become the remembered key', () => {
  const verifier = createVoucherVerifier(digests, secp, channel);
  expect(verifier.verify(stranger.voucher(5n))).toBe(false);
  expect(verifier.verify(stranger.voucher(6n))).toBe(false);
  expect(verifier.verify(signer.voucher(7n))).toBe(true);
});

it('recovers once for each voucher and nothing else', () => {
  const calls: string[] = [];
  const counting: Secp256k1 = {
    ...secp,
    recoverPublicKey(digest, signature) {
      calls.push('recoverPublicKey');
      return secp.recoverPublicKey(digest, signature);
    },
    recoverAddress() {
      throw new Error('not needed');
    },
  };
  const verifier = createVoucherVerifier(digests, counting, channel);
  for (const amount of [1n, 2n, 3n]) verifier.verify(signer.voucher(amount));
  expect(calls).toHaveLength(3);
});
