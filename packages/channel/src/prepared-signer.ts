import type { Address, ChannelId } from '@dcml/core';
import type { ChannelDigests } from './digests.ts';
import type { Secp256k1 } from './secp256k1.ts';
import type { ChannelAction, SignedChannelRequest, SignedVoucher } from './types.ts';

/** Signs for the payer of one channel; the key stays inside. */
export class PreparedSigner {
  readonly channelId: ChannelId;
  /** The account that the signatures recover to: the channel's payerAuthorizer. */
  readonly address: Address;
  readonly #digests: ChannelDigests;
  readonly #secp: Secp256k1;
  readonly #privateKey: Uint8Array;
  readonly #voucherDigest: (maxClaimableWei: bigint) => Uint8Array;

  /** Throws `CHANNEL_KEY`. */
  constructor(digests: ChannelDigests, secp: Secp256k1, privateKey: Uint8Array, channelId: ChannelId) {
    this.address = secp.addressOf(privateKey);
    this.channelId = channelId;
    this.#digests = digests;
    this.#secp = secp;
    this.#privateKey = privateKey.slice();
    this.#voucherDigest = digests.voucherOf(channelId);
  }

  /** Throws `CHANNEL_RANGE`. */
  voucher(maxClaimableWei: bigint): SignedVoucher {
    const signature = this.#secp.sign(this.#voucherDigest(maxClaimableWei), this.#privateKey);
    return { channelId: this.channelId, maxClaimableWei, signature };
  }

  /** `expiresAt`: Unix seconds. */
  request(action: ChannelAction, expiresAt: number): SignedChannelRequest {
    const request = { channelId: this.channelId, action, expiresAt };
    return {
      ...request,
      signature: this.#secp.sign(this.#digests.channelRequest(request), this.#privateKey),
    };
  }
}
