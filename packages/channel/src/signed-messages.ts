import type { Address, ChannelId, Clock } from '@dcml/core';
import { ChannelError } from './channel-error.ts';
import type { ChannelDigests } from './digests.ts';
import type { UnsignedApproval } from './ledger/channel-ledger.ts';
import { totalWei } from './pricing.ts';
import type { Secp256k1 } from './secp256k1.ts';
import type {
  ChannelConfig,
  Offer,
  Signature,
  SignedChannelRequest,
  SignedCloseApproval,
  SignedOffer,
} from './types.ts';

/** A channel request may not outlive this: a leaked one ages quickly. */
export const MAX_REQUEST_LIFETIME_SECONDS = 600;

function assertSigner(
  secp: Secp256k1,
  digest: Uint8Array,
  signature: Signature,
  signer: Address,
  what: string,
): void {
  if (secp.recoverAddress(digest, signature) !== signer) {
    throw new ChannelError('CHANNEL_SIGNATURE', `${what} is not signed by ${signer}`);
  }
}

function assertChannel(actual: ChannelId, expected: ChannelId, what: string): void {
  if (actual !== expected) throw new ChannelError('CHANNEL_SIGNATURE', `${what} is about another channel`);
}

/** Completes an approval; `sign` is the enclave's chain key, which stays where it is. */
export function signCloseApproval(
  digests: ChannelDigests,
  sign: (digest: Uint8Array) => Signature,
  approval: UnsignedApproval,
): SignedCloseApproval {
  return { ...approval, enclaveSignature: sign(digests.closeApproval(approval)) };
}

/**
 * What the contract will check: the enclave signed, and a voucher of the authorizer covers the charge.
 * Throws `CHANNEL_SIGNATURE` or `CHANNEL_OVERCHARGED`.
 */
export function assertCloseApproval(
  digests: ChannelDigests,
  secp: Secp256k1,
  config: ChannelConfig,
  approval: SignedCloseApproval,
): void {
  const channelId = digests.channelId(config);
  assertChannel(approval.channelId, channelId, 'the close approval');
  assertSigner(
    secp,
    digests.closeApproval(approval),
    approval.enclaveSignature,
    config.enclaveKey,
    'the close approval',
  );
  const { voucher } = approval;
  if (voucher !== null) {
    assertChannel(voucher.channelId, channelId, "the approval's voucher");
    assertSigner(
      secp,
      digests.voucher(voucher),
      voucher.signature,
      config.payerAuthorizer,
      "the approval's voucher",
    );
  }
  if (totalWei(approval.charge) > (voucher?.maxClaimableWei ?? 0n)) {
    throw new ChannelError(
      'CHANNEL_OVERCHARGED',
      'the close approval charges more than its voucher authorizes',
    );
  }
}

/** The host's signature under its account. Throws `CHANNEL_KEY` or `CHANNEL_RANGE`. */
export function signOffer(
  digests: ChannelDigests,
  secp: Secp256k1,
  hostPrivateKey: Uint8Array,
  offer: Offer,
): SignedOffer {
  return { ...offer, hostSignature: secp.sign(digests.offer(offer), hostPrivateKey) };
}

/** Throws `CHANNEL_SIGNATURE` on another channel or signer, `CHANNEL_EXPIRED` when it is over. */
export function assertOffer(
  digests: ChannelDigests,
  secp: Secp256k1,
  config: ChannelConfig,
  offer: SignedOffer,
  clock: Clock,
): void {
  assertChannel(offer.channelId, digests.channelId(config), 'the offer');
  assertSigner(secp, digests.offer(offer), offer.hostSignature, config.host, 'the offer');
  if (offer.expiresAt * 1000 <= clock.now())
    throw new ChannelError('CHANNEL_EXPIRED', 'the offer has expired');
}

/** Throws `CHANNEL_SIGNATURE` on another signer, `CHANNEL_EXPIRED` when it is over or lasts too long. */
export function assertChannelRequest(
  digests: ChannelDigests,
  secp: Secp256k1,
  payerAuthorizer: Address,
  request: SignedChannelRequest,
  clock: Clock,
): void {
  assertSigner(
    secp,
    digests.channelRequest(request),
    request.signature,
    payerAuthorizer,
    'the channel request',
  );
  const nowSeconds = clock.now() / 1000;
  if (request.expiresAt <= nowSeconds)
    throw new ChannelError('CHANNEL_EXPIRED', 'the channel request has expired');
  if (request.expiresAt > nowSeconds + MAX_REQUEST_LIFETIME_SECONDS) {
    throw new ChannelError(
      'CHANNEL_EXPIRED',
      `a channel request lives at most ${MAX_REQUEST_LIFETIME_SECONDS} seconds`,
    );
  }
}
