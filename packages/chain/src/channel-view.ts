import type { ChannelId } from '@dcml/core';

export type ChannelChainStatus = 'none' | 'open' | 'closing' | 'closed';

/** A channel as the chain knows it. */
export interface ChannelChainState {
  readonly status: ChannelChainStatus;
  readonly depositWei: bigint;
  /** Unix seconds; 0 unless closing. */
  readonly closesAt: number;
}

/** How an enclave learns what is on chain. The source says how far to believe it; reports carry it as `chain_view`. */
export interface ChannelView {
  readonly source: 'operator_asserted' | 'verifier_derived';
  /** Throws `ChainError` when the chain cannot be read. */
  getChannel(id: ChannelId, signal: AbortSignal): Promise<ChannelChainState>;
}
