import type { Address, ChannelId, DigestText, JsonObject, ModelHash } from '@dcml/core';

interface BodyEventOf<Type extends string> {
  readonly type: Type;
  readonly bodyHash: DigestText;
}

/** The bodies' hashes (aci/1 section 7.4); the first event of every receipt is `request.received`. */
export type BodyEvent =
  | BodyEventOf<'request.received'>
  | BodyEventOf<'request.forwarded'>
  | BodyEventOf<'response.returned'>;

/** What answered. A part that lies inside another file (GGUF keeps all in one) is null. */
export interface ModelEvent {
  readonly type: 'dcml.model';
  readonly model: ModelHash;
  /** In the manifest's order. */
  readonly weights: readonly DigestText[];
  readonly tokenizer: DigestText | null;
  readonly chatTemplate: DigestText | null;
  readonly configuration: DigestText | null;
  /** For example `Q4_K_M`. */
  readonly quantization: string | null;
  readonly adapter: DigestText | null;
  /** For example `node-llama-cpp 3.22.1`. */
  readonly engine: string;
}

/** Tokens of this request. */
export interface UsageEvent {
  readonly type: 'dcml.usage';
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Smallest units per million tokens; the same shape as the channel's `PriceTerms`. */
export interface ReceiptPrice {
  readonly ownerPromptPerMTok: bigint;
  readonly ownerCompletionPerMTok: bigint;
  readonly hostPromptPerMTok: bigint;
  readonly hostCompletionPerMTok: bigint;
}

/** What this request cost and where the channel stands after it, all in the token's smallest unit. */
export interface ChargeEvent {
  readonly type: 'dcml.charge';
  readonly chainId: number;
  readonly contract: Address;
  readonly channelId: ChannelId;
  readonly price: ReceiptPrice;
  /** The newest voucher. */
  readonly authorizedWei: bigint;
  readonly requestOwnerWei: bigint;
  readonly requestHostWei: bigint;
  /** Cumulative, this request included. */
  readonly chargedOwnerWei: bigint;
  readonly chargedHostWei: bigint;
  readonly promptTokensTotal: bigint;
  readonly completionTokensTotal: bigint;
}

/** Which boot of the enclave, and the how-manieth receipt of it: a gap or a repetition shows. */
export interface CounterEvent {
  readonly type: 'dcml.counter';
  /** 32 bytes, lowercase hex. */
  readonly bootId: string;
  readonly sequence: number;
}

export interface PlatformEvent {
  readonly type: 'dcml.platform';
  readonly teeType: string;
  /** True when the TEE is no hardware. */
  readonly simulated: boolean;
}

export interface CompletionEvent {
  readonly type: 'dcml.completion';
  /** `complete`: to the end or to the limit. `aborted`: the client or its authorization stopped it. */
  readonly finish: 'complete' | 'aborted' | 'error';
}

/** An event of somebody else's: signed with the rest, not interpreted. */
export interface OtherEvent {
  readonly type: 'other';
  readonly raw: JsonObject;
}

export type ReceiptEvent =
  | BodyEvent
  | ModelEvent
  | UsageEvent
  | ChargeEvent
  | CounterEvent
  | PlatformEvent
  | CompletionEvent
  | OtherEvent;

export type ReceiptEventType = ReceiptEvent['type'];
export type ReceiptEventOf<Type extends ReceiptEventType> = Extract<ReceiptEvent, { readonly type: Type }>;
