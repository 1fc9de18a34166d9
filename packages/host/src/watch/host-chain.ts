import type { ChannelConfig, SignedCloseApproval } from '@dcml/channel';
import type { Address, ChannelId, Hex, ModelHash } from '@dcml/core';

/** The creator's terms for a model that are in force now. */
export interface ModelTerms {
  readonly owner: Address;
  readonly ownerPromptPerMTok: bigint;
  readonly ownerCompletionPerMTok: bigint;
}

export type ChannelEvent =
  | { readonly kind: 'opened'; readonly channelId: ChannelId; readonly config: ChannelConfig }
  | { readonly kind: 'close-started'; readonly channelId: ChannelId; readonly closesAt: number };

/** What the daemon needs of a chain; `createHostChain` builds it on @dcml/evm. Every method throws `HOST_CHAIN`. */
export interface HostChain {
  readonly chainId: number;
  readonly channelsContract: Address;
  readonly registryContract: Address;
  readonly host: Address;
  /** Null when the registry has no such model, or not this host for it. */
  getModelTerms(model: ModelHash, signal: AbortSignal): Promise<ModelTerms | null>;
  /** Bond of the host that no channel holds. */
  getFreeBondWei(signal: AbortSignal): Promise<bigint>;
  getBlockNumber(signal: AbortSignal): Promise<bigint>;
  /** Events of this host's channels, both blocks included, in order. */
  getChannelEvents(fromBlock: bigint, toBlock: bigint, signal: AbortSignal): Promise<readonly ChannelEvent[]>;
  getChannelStatus(id: ChannelId, signal: AbortSignal): Promise<'none' | 'open' | 'closing' | 'closed'>;
  /** Submits a close approval and waits until it is in a block. */
  closeByApproval(config: ChannelConfig, approval: SignedCloseApproval, signal: AbortSignal): Promise<Hex>;
}
