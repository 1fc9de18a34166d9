import type {
  ChannelConfig,
  ChannelDomain,
  PayerState,
  SignedCloseApproval,
  SignedOffer,
} from '@dcml/channel';
import type { ChannelId, Hex } from '@dcml/core';

/**
 * How far a channel is:
 * - `prepared`: its configuration and key are stored, no deposit can be on chain
 * - `depositing`: the deposit may have been sent; only the chain knows
 * - `deposited`: the chain holds the deposit, the enclave does not serve it yet
 * - `open`: the enclave serves it
 * - `lost`: its enclave is gone; the deposit is on chain
 * - `closing`: the payer started a close on chain
 * - `closed`: settled
 * - `abandoned`: its deposit can never reach the chain any more
 */
export type ChannelPhase =
  | 'prepared'
  | 'depositing'
  | 'deposited'
  | 'open'
  | 'lost'
  | 'closing'
  | 'closed'
  | 'abandoned';

/** All about one channel but the payer's running account. */
export interface ChannelRecord {
  readonly channelId: ChannelId;
  readonly domain: ChannelDomain;
  readonly config: ChannelConfig;
  /** Private key of `config.payerAuthorizer`, for this channel only. */
  readonly sessionKey: Hex;
  readonly depositWei: bigint;
  readonly hostUrl: string;
  readonly enclaveUrl: string;
  readonly phase: ChannelPhase;
  readonly offer: SignedOffer | null;
  /** The deposit's transaction, once known. */
  readonly openTransaction: Hex | null;
  readonly approval: SignedCloseApproval | null;
  readonly closeTransaction: Hex | null;
  /** End of the close window, Unix seconds; 0 unless closing. */
  readonly closesAt: number;
  /** Unix seconds. */
  readonly createdAt: number;
}

/** What may change after a channel was prepared. */
export type ChannelChange = Partial<
  Pick<ChannelRecord, 'phase' | 'offer' | 'openTransaction' | 'approval' | 'closeTransaction' | 'closesAt'>
>;

/** One exchange that verified, with what it takes to verify it again. */
export interface ReceiptRecord {
  readonly receiptId: string;
  readonly channelId: ChannelId;
  /** Unix seconds. */
  readonly servedAt: number;
  /** Names the evidence in `getEvidence` that established the enclave's keys. */
  readonly evidenceId: string;
  /** The receipt's canonical JSON. */
  readonly receipt: string;
  /** Plaintext; null when the user keeps no bodies. */
  readonly requestBody: Uint8Array | null;
  readonly responseBody: Uint8Array | null;
}

/**
 * What a client must not forget. A write has reached the disk when its promise resolves. Several processes may use
 * one store. Methods throw `CLIENT_STORE` or `CLIENT_STORE_FULL`, and then changed nothing.
 * Every backend passes `packages/testing/src/stores/client-store-conformance.ts`.
 */
export interface ClientStore {
  /** Throws `CLIENT_STORE` when the channel is there already. */
  createChannel(record: ChannelRecord, account: PayerState): Promise<void>;
  getChannel(id: ChannelId): Promise<ChannelRecord | null>;
  /** Oldest first. */
  listChannels(): Promise<readonly ChannelRecord[]>;
  /** Throws `CLIENT_NOT_FOUND`. */
  updateChannel(id: ChannelId, change: ChannelChange): Promise<ChannelRecord>;

  getAccount(id: ChannelId): Promise<PayerState | null>;
  /**
   * Reads, changes and stores the payer's account in one step that nothing else comes between. What `change` throws
   * leaves the account as it was. Refuses to lower what was authorized (`CLIENT_STORE`). Throws `CLIENT_NOT_FOUND`.
   */
  changeAccount<Result>(
    id: ChannelId,
    change: (account: PayerState) => { readonly account: PayerState; readonly result: Result },
  ): Promise<Result>;

  /** Keeps the newest `keep` receipts, this one among them. */
  putReceipt(record: ReceiptRecord, keep: number): Promise<void>;
  getReceipt(receiptId: string): Promise<ReceiptRecord | null>;
  /** Newest first, at most `limit`. */
  listReceipts(limit: number): Promise<readonly ReceiptRecord[]>;

  /** A verified report with its nonce and collateral; the same id again changes nothing. */
  putEvidence(evidenceId: string, evidence: string): Promise<void>;
  getEvidence(evidenceId: string): Promise<string | null>;

  /** Idempotent. */
  close(): Promise<void>;
}
