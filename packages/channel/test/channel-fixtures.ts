import { asAddress, asChallenge, asModelHash, type ChannelId, type Hex, toPrefixedHex } from '@dcml/core';
import fc from 'fast-check';
import { type ChannelDigests, createChannelDigests } from '../src/digests.ts';
import { nativeSecp256k1 } from '../src/native/native-secp256k1.ts';
import { PreparedSigner } from '../src/prepared-signer.ts';
import type { Secp256k1 } from '../src/secp256k1.ts';
import type { ChannelConfig, ChannelDomain, PriceTerms } from '../src/types.ts';

const repeated = (byte: number, length: number): Hex => toPrefixedHex(new Uint8Array(length).fill(byte));

export const secp: Secp256k1 = nativeSecp256k1;
export const domain: ChannelDomain = { chainId: 31337, contract: asAddress(repeated(0x11, 20)) };
export const digests: ChannelDigests = createChannelDigests(domain);

export const payerKey: Uint8Array = new Uint8Array(32).fill(0xa1);
export const enclaveKey: Uint8Array = new Uint8Array(32).fill(0xe1);
export const hostKey: Uint8Array = new Uint8Array(32).fill(0xb1);
export const strangerKey: Uint8Array = new Uint8Array(32).fill(0xf1);

/** One wei per prompt token and two per completion token for the owner; three and four for the host. */
export const wholePrice: PriceTerms = {
  ownerPromptPerMTok: 1_000_000n,
  ownerCompletionPerMTok: 2_000_000n,
  hostPromptPerMTok: 3_000_000n,
  hostCompletionPerMTok: 4_000_000n,
};

export const config: ChannelConfig = {
  payer: asAddress(repeated(0xa0, 20)),
  payerAuthorizer: secp.addressOf(payerKey),
  host: secp.addressOf(hostKey),
  owner: asAddress(repeated(0xc0, 20)),
  model: asModelHash(repeated(0x33, 32)),
  token: asAddress(repeated(0, 20)),
  enclaveKey: secp.addressOf(enclaveKey),
  challenge: asChallenge(repeated(0x44, 32)),
  price: wholePrice,
  closeWindowSeconds: 3600,
};

export const channelId: ChannelId = digests.channelId(config);
export const signer: PreparedSigner = new PreparedSigner(digests, secp, payerKey, channelId);

/** Uniform bits, with the edges of the type often. */
export const uint = (bits: bigint): fc.Arbitrary<bigint> =>
  fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << bits) - 1n }),
    fc.constantFrom(0n, 1n, (1n << bits) - 1n, (1n << (bits / 2n)) - 1n, 1n << (bits / 2n)),
  );

export const hexOf = (length: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => toPrefixedHex(bytes));

const nonZeroAddress = hexOf(20)
  .filter((text) => !/^0x0*$/.test(text))
  .map(asAddress);

export const anyPrice: fc.Arbitrary<PriceTerms> = fc.record({
  ownerPromptPerMTok: uint(128n),
  ownerCompletionPerMTok: uint(128n),
  hostPromptPerMTok: uint(128n),
  hostCompletionPerMTok: uint(128n),
});

export const anyConfig: fc.Arbitrary<ChannelConfig> = fc.record({
  payer: nonZeroAddress,
  payerAuthorizer: nonZeroAddress,
  host: nonZeroAddress,
  owner: nonZeroAddress,
  model: hexOf(32).map(asModelHash),
  token: fc.oneof(hexOf(20), fc.constant(repeated(0, 20))).map(asAddress),
  enclaveKey: nonZeroAddress,
  challenge: hexOf(32)
    .filter((text) => !/^0x0*$/.test(text))
    .map(asChallenge),
  price: anyPrice,
  closeWindowSeconds: fc.oneof(fc.integer({ min: 1, max: 0xffff_ffff }), fc.constantFrom(1, 0xffff_ffff)),
});
