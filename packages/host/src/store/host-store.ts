import type { ChannelConfig, SignedCloseApproval, SignedOffer, SignedVoucher } from '@dcml/channel';
import type { Address, ChannelId, ModelHash } from '@dcml/core';

/** `known`: the same voucher again; `lower`: kept out; `conflict`: same amount, other signature, kept as evidence. */
export type VoucherOutcome = 'stored' | 'known' | 'lower' | 'conflict';
/** `conflict`: an approval of other content for the same channel, kept as evidence; the first one stays. */
export type ApprovalOutcome = 'stored' | 'known' | 'conflict';

/** An enclave of this host, as it registered itself after boot. */
export interface EnclaveRegistration {
  readonly bootId: string;
  readonly enclaveKey: Address;
  readonly tlsSpkiSha256: string;
  readonly keysetDigest: string;
  readonly models: readonly ModelHash[];
  /** Unix seconds. */
  readonly registeredAt: number;
}

export interface OfferReservation {
  readonly config: ChannelConfig;
  /** The bond that the pool has free on chain now. */
  readonly freeBondWei: bigint;
  /** Unix seconds; an offer that expired before this counts only until no block can be older than its end. */
  readonly now: number;
  readonly offer: SignedOffer;
}

export type OfferOutcome =
  | { readonly outcome: 'stored' | 'known'; readonly offer: SignedOffer }
  | { readonly outcome: 'no-bond'; readonly outstandingWei: bigint };

/** A close that a payer started and that is not over. */
export interface PendingClose {
  readonly channelId: ChannelId;
  /** Unix seconds. */
  readonly closesAt: number;
}

/** Two signed statements that cannot both be honest. Kept for people and courts. */
export interface Evidence {
  readonly kind: 'voucher' | 'approval';
  readonly channelId: ChannelId;
  readonly seenAt: number;
  /** The canonical JSON of the statement that came second. */
  readonly content: string;
}

/**
 * What a host must not forget. A write has reached the disk when its promise resolves.
 * Writes throw `HOST_STORE_FULL` or `HOST_STORE`, and then changed nothing.
 */
export interface HostStore {
  putVoucher(voucher: SignedVoucher, config: ChannelConfig, now: number): Promise<VoucherOutcome>;
  getVoucher(id: ChannelId): SignedVoucher | null;
  putApproval(approval: SignedCloseApproval, config: ChannelConfig, now: number): Promise<ApprovalOutcome>;
  getApproval(id: ChannelId): SignedCloseApproval | null;
  /** As an offer, a voucher, an approval or the chain brought it. */
  getConfig(id: ChannelId): ChannelConfig | null;
  putConfig(id: ChannelId, config: ChannelConfig): Promise<void>;
  listEvidence(): readonly Evidence[];

  /**
   * Keeps an offer if the free bond covers it and all offers that are outstanding. A live offer for the same
   * channel with the same deposit is given again.
   */
  reserveOffer(reservation: OfferReservation): Promise<OfferOutcome>;
  /** The channel opened or can never open: its offer no longer holds bond back. */
  releaseOffer(id: ChannelId): Promise<void>;

  /** The newest registration is the running enclave; earlier ones stay for the record. */
  registerEnclave(registration: EnclaveRegistration): Promise<void>;
  getRunningEnclave(): EnclaveRegistration | null;

  /** The last block whose events were handled; null before the first. */
  getWatchedBlock(): bigint | null;
  /** Records the closes found up to a block together with the block, so that a crash loses none. */
  recordBlock(block: bigint, closes: readonly PendingClose[]): Promise<void>;
  listPendingCloses(): readonly PendingClose[];
  /** The channel is closed on chain. */
  endClose(id: ChannelId): Promise<void>;

  /** Waits for writes in flight and closes the file. Idempotent. */
  close(): Promise<void>;
}
