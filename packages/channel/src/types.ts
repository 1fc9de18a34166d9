import type { Address, Challenge, ChannelId, Hex, ModelHash } from '@dcml/core';

/** Prices in the token's smallest unit (wei) per million tokens; the owner's and the host's part apart. */
export interface PriceTerms {
  readonly ownerPromptPerMTok: bigint;
  readonly ownerCompletionPerMTok: bigint;
  readonly hostPromptPerMTok: bigint;
  readonly hostCompletionPerMTok: bigint;
}

/** Where a channel lives: the EIP-712 domain of every signature about it. */
export interface ChannelDomain {
  readonly chainId: number;
  /** The InferenceChannels contract. */
  readonly contract: Address;
}

/**
 * Everything that a channel is about. Its EIP-712 digest is the channel's id, so whoever knows the id and
 * sees the configuration knows that all of it is meant (docs/protocol/channel.md).
 */
export interface ChannelConfig {
  /** Pays the deposit and receives what is left. */
  readonly payer: Address;
  /** Signs vouchers and channel requests: a session key, or the payer itself. */
  readonly payerAuthorizer: Address;
  /** Hosts the enclave, locks the bond, receives the host's part. */
  readonly host: Address;
  /** Owns the model, receives the owner's part. */
  readonly owner: Address;
  readonly model: ModelHash;
  /** The zero address for the chain's own coin. */
  readonly token: Address;
  /** The enclave's chain key, listed in its attested keyset. */
  readonly enclaveKey: Address;
  /** From the enclave; opens at most one channel. */
  readonly challenge: Challenge;
  readonly price: PriceTerms;
  /** How long the host may answer a close that the payer started. */
  readonly closeWindowSeconds: number;
}

/** What an enclave counted; `bigint` since channels are cumulative. */
export interface Usage {
  readonly promptTokens: bigint;
  readonly completionTokens: bigint;
}

/** An amount split by receiver, in the token's smallest unit. */
export interface Charge {
  readonly ownerWei: bigint;
  readonly hostWei: bigint;
}

/** The payer's cumulative promise: the owner and the host together may be paid up to this amount. */
export interface Voucher {
  readonly channelId: ChannelId;
  readonly maxClaimableWei: bigint;
}

/** 65 bytes: r, s (low), v (27 or 28). */
export type Signature = Hex;

export interface SignedVoucher extends Voucher {
  readonly signature: Signature;
}

/** The enclave's word that a channel is over and what it charged (DCML section 6, `request_channel_closure`). */
export interface CloseApproval {
  readonly channelId: ChannelId;
  readonly charge: Charge;
}

/** An approval with all that the contract wants to see with it. */
export interface SignedCloseApproval extends CloseApproval {
  readonly enclaveSignature: Signature;
  /** The newest voucher: the contract pays no more than the payer authorized. Null when nothing was charged. */
  readonly voucher: SignedVoucher | null;
}

/** The host's agreement to one channel: it locks a bond equal to the deposit, up to `maxDepositWei`. */
export interface Offer {
  readonly channelId: ChannelId;
  readonly maxDepositWei: bigint;
  /** Unix seconds. */
  readonly expiresAt: number;
}

export interface SignedOffer extends Offer {
  readonly hostSignature: Signature;
}

/** What a payer may ask an enclave to do with a channel. */
export type ChannelAction = 'status' | 'close';

/** Proof that the payer asks: channel ids are public, so an id alone must not close or show a channel. */
export interface ChannelRequest {
  readonly channelId: ChannelId;
  readonly action: ChannelAction;
  /** Unix seconds. */
  readonly expiresAt: number;
}

export interface SignedChannelRequest extends ChannelRequest {
  readonly signature: Signature;
}

/** A channel as its enclave sees it; shown to the payer only. */
export interface ChannelStatus {
  readonly channelId: ChannelId;
  readonly status: 'open' | 'closed';
  readonly depositWei: bigint;
  readonly authorizedWei: bigint;
  readonly charge: Charge;
  readonly usage: Usage;
  readonly inFlight: number;
}
