import { createHash } from 'node:crypto';
import type { ChannelDomain, ChannelLedger, Charge } from '@dcml/channel';
import { type Clock, type DigestText, digestText } from '@dcml/core';
import { buildReceipt, type ModelEvent, type ReceiptEvent, signReceipt } from '@dcml/receipt';
import type { EngineUsage } from '../engine/engine.ts';
import type { ReceiptBook } from './receipt-book.ts';

/** What happened with one request. */
export interface ServedRequest {
  readonly receiptId: string;
  readonly responseId: string;
  readonly endpoint: string;
  readonly requestedModel: string;
  readonly requestBody: Uint8Array;
  readonly forwardedBody: Uint8Array;
  readonly responseHash: Uint8Array;
  readonly usage: EngineUsage;
  readonly requestCharge: Charge;
  /** The channel after the request was charged. */
  readonly ledger: ChannelLedger;
  readonly finish: 'complete' | 'aborted' | 'error';
  /** Fetches the receipt later; null makes it public. */
  readonly credential: string | null;
}

export interface ReceiptDeskOptions {
  readonly clock: Clock;
  readonly domain: ChannelDomain;
  readonly keysetDigest: DigestText;
  readonly keyId: string;
  readonly sign: (message: Uint8Array) => Uint8Array;
  readonly model: ModelEvent;
  readonly bootId: string;
  readonly teeType: string;
  readonly simulated: boolean;
  readonly book: ReceiptBook;
}

function hashOf(bytes: Uint8Array): DigestText {
  return digestText(createHash('sha256').update(bytes).digest());
}

/** Writes, signs and keeps receipts (aci/1 section 7 with the extra events of docs/protocol/aci.md). */
export class ReceiptDesk {
  readonly #options: ReceiptDeskOptions;
  #sequence = 0;

  constructor(options: ReceiptDeskOptions) {
    this.#options = options;
  }

  /** The receipt's canonical JSON; it can be fetched by its id and by the answer's id from now on. */
  async issue(served: ServedRequest): Promise<Uint8Array> {
    const { bytes } = await signReceipt(
      buildReceipt({
        receiptId: served.receiptId,
        chatId: served.responseId,
        model: served.requestedModel,
        keysetDigest: this.#options.keysetDigest,
        endpoint: served.endpoint,
        method: 'POST',
        servedAt: Math.floor(this.#options.clock.now() / 1000),
        events: this.#events(served),
        keyId: this.#options.keyId,
      }),
      this.#options.sign,
    );
    this.#options.book.store([served.receiptId, served.responseId], bytes, served.credential);
    return bytes;
  }

  #events(served: ServedRequest): ReceiptEvent[] {
    const { ledger, requestCharge } = served;
    const status = ledger.status();
    return [
      { type: 'request.received', bodyHash: hashOf(served.requestBody) },
      { type: 'request.forwarded', bodyHash: hashOf(served.forwardedBody) },
      this.#options.model,
      { type: 'dcml.usage', ...served.usage },
      {
        type: 'dcml.charge',
        ...this.#options.domain,
        channelId: ledger.channelId,
        price: ledger.price,
        authorizedWei: status.authorizedWei,
        requestOwnerWei: requestCharge.ownerWei,
        requestHostWei: requestCharge.hostWei,
        chargedOwnerWei: status.charge.ownerWei,
        chargedHostWei: status.charge.hostWei,
        promptTokensTotal: status.usage.promptTokens,
        completionTokensTotal: status.usage.completionTokens,
      },
      { type: 'dcml.counter', bootId: this.#options.bootId, sequence: this.#sequence++ },
      { type: 'dcml.platform', teeType: this.#options.teeType, simulated: this.#options.simulated },
      { type: 'dcml.completion', finish: served.finish },
      { type: 'response.returned', bodyHash: digestText(served.responseHash) },
    ];
  }
}
