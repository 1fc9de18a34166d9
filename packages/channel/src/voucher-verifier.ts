import { type Address, type ChannelId, equalBytes } from '@dcml/core';
import type { ChannelDigests } from './digests.ts';
import type { Secp256k1 } from './secp256k1.ts';
import { addressOfPublicKey } from './signature.ts';
import type { SignedVoucher } from './types.ts';

/** Checks vouchers of one channel. */
export interface VoucherVerifier {
  readonly channelId: ChannelId;
  /** True when the voucher is this channel's and signed by its authorizer. Amounts are the ledger's matter. */
  verify(voucher: SignedVoucher): boolean;
}

/**
 * A verifier that remembers the authorizer's public key once a voucher of it was accepted: later vouchers compare
 * keys and save hashing one. It always recovers instead of verifying against the remembered key: only recovery
 * depends on v, and a voucher with a flipped v would be worth nothing to the contract.
 */
export function createVoucherVerifier(
  digests: ChannelDigests,
  secp: Secp256k1,
  channel: { readonly channelId: ChannelId; readonly payerAuthorizer: Address },
): VoucherVerifier {
  const digestOf = digests.voucherOf(channel.channelId);
  let known: Uint8Array | null = null;
  return {
    channelId: channel.channelId,
    verify(voucher) {
      if (voucher.channelId !== channel.channelId) return false;
      const publicKey = secp.recoverPublicKey(digestOf(voucher.maxClaimableWei), voucher.signature);
      if (publicKey === null) return false;
      if (known !== null) return equalBytes(publicKey, known);
      if (addressOfPublicKey(publicKey) !== channel.payerAuthorizer) return false;
      known = publicKey;
      return true;
    },
  };
}
