import type { EvidencePolicy, Verdict } from '@dcml/attest';
import type { PriceTerms } from '@dcml/channel';
import type { ChannelId, ModelHash } from '@dcml/core';
import type { ChannelPhase } from './client-store.ts';
import type { ConnectOptions } from './connect-enclave.ts';
import type { ChannelPorts } from './open-channel.ts';

export interface SessionOptions extends ChannelPorts {
  readonly hostUrl: string;
  readonly enclaveUrl?: string;
  readonly model: ModelHash;
  readonly policy: EvidencePolicy;
  /** Opens a channel when none is usable, at these conditions. Null never spends on its own. */
  readonly autoOpen: { readonly depositWei: bigint; readonly maxPrice?: PriceTerms } | null;
  /** Refuses requests that could cost more. */
  readonly maxWeiPerRequest?: bigint;
  /** For requests that name no limit. Default 1024. */
  readonly defaultMaxTokens?: number;
  /** Keeps prompts and answers with their receipts, so that archives verify completely. Default true. */
  readonly keepBodies?: boolean;
  /** Default 10,000. */
  readonly receiptsToKeep?: number;
}

/** What a user should see at all times. */
export interface SessionStatus {
  readonly outcome: Verdict['outcome'];
  /** The evidence is no hardware vendor's: show `SIMULATED`. */
  readonly simulated: boolean;
  readonly verdict: Verdict;
  readonly verifiedAt: number;
  readonly hostUrl: string;
  readonly enclaveUrl: string;
  readonly model: ModelHash;
  readonly keysetDigest: string;
  readonly channel: {
    readonly channelId: ChannelId;
    readonly phase: ChannelPhase;
    readonly depositWei: bigint;
    readonly authorizedWei: bigint;
    readonly chargedWei: bigint;
    readonly promptTokens: bigint;
    readonly completionTokens: bigint;
  } | null;
}

export function connectOptions(options: SessionOptions, signal: AbortSignal): ConnectOptions {
  const { hostUrl, enclaveUrl, model, policy, chain, platform } = options;
  return {
    hostUrl,
    ...(enclaveUrl === undefined ? {} : { enclaveUrl }),
    model,
    policy,
    chain,
    platform,
    signal,
  };
}
