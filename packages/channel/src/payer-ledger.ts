import type { ChannelId } from '@dcml/core';
import { assertUint, MAX_UINT128 } from './abi-words.ts';
import { ChannelError } from './channel-error.ts';
import { addUsage, chargeOf, NO_USAGE, subtractCharge, totalWei } from './pricing.ts';
import type { ChannelStatus, Charge, PriceTerms, Usage, Voucher } from './types.ts';

/** All that the payer has to keep about a channel; plain data, bigints apart. */
export interface PayerState {
  readonly channelId: ChannelId;
  readonly depositWei: bigint;
  /** The highest amount that was ever signed. */
  readonly authorizedWei: bigint;
  /** Cumulative usage that receipts or the enclave's status proved. */
  readonly usage: Usage;
  /** Maximum of each request without a receipt, by id. */
  readonly inFlight: Readonly<Record<string, Usage>>;
  readonly nextRequestId: number;
}

export interface VoucherPlan {
  /** Names the request in `settle` and `release`. */
  readonly requestId: number;
  /** To be signed and sent; null when the whole deposit is signed already. */
  readonly voucher: Voucher | null;
  /** To be stored durably before the signed voucher leaves: a voucher that is forgotten could be signed lower again. */
  readonly state: PayerState;
}

/** What a receipt says about one request. */
export interface SettledRequest {
  readonly usage: Usage;
  readonly charge: Charge;
}

/** Nothing was signed yet. */
export function newPayerState(channelId: ChannelId, depositWei: bigint): PayerState {
  assertUint(depositWei, MAX_UINT128, 'the deposit');
  return { channelId, depositWei, authorizedWei: 0n, usage: NO_USAGE, inFlight: {}, nextRequestId: 1 };
}

const PROMPT_OVERHEAD_TOKENS = 64;

/**
 * An upper bound of a request's prompt tokens that needs no tokenizer: a byte-level tokenizer makes at most one
 * token of a byte, and what the chat template adds beyond the body's own JSON fits the overhead. A model whose
 * template or policy puts a longer text in front needs a higher one.
 */
export function maxPromptTokensOf(
  bodyBytes: number,
  overheadTokens: number = PROMPT_OVERHEAD_TOKENS,
): number {
  return bodyBytes + overheadTokens;
}

function isWithin(inner: Usage, outer: Usage): boolean {
  return inner.promptTokens <= outer.promptTokens && inner.completionTokens <= outer.completionTokens;
}

function usageOf(promptTokens: number, completionTokens: number): Usage {
  for (const count of [promptTokens, completionTokens]) {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new ChannelError('CHANNEL_RANGE', 'not a token count');
  }
  return { promptTokens: BigInt(promptTokens), completionTokens: BigInt(completionTokens) };
}

/**
 * The payer's account of one channel: what was signed, and what it may have cost at most. It mirrors the
 * enclave's rule of admission, and believes a charge only as far as it follows from the price.
 */
export class PayerLedger {
  readonly price: PriceTerms;
  #state: PayerState;

  constructor(price: PriceTerms, state: PayerState) {
    this.price = price;
    this.#state = state;
  }

  get state(): PayerState {
    return this.#state;
  }

  /** Owner and host together, as far as receipts prove it. */
  get chargedWei(): bigint {
    return totalWei(chargeOf(this.#state.usage, this.price));
  }

  /**
   * Reserves a request's maximum and says what to sign for it: at least one more than ever before, and enough for
   * all that is charged and in flight; at most the deposit. The enclave decides whether that suffices.
   */
  nextVoucher(maximum: {
    readonly maxPromptTokens: number;
    readonly maxCompletionTokens: number;
  }): VoucherPlan {
    const most = usageOf(maximum.maxPromptTokens, maximum.maxCompletionTokens);
    const { channelId, depositWei, authorizedWei, nextRequestId: requestId } = this.#state;
    const inFlight = { ...this.#state.inFlight, [String(requestId)]: most };
    const worst = Object.values(inFlight).reduce(addUsage, this.#state.usage);
    const neededWei = totalWei(chargeOf(worst, this.price));
    const wantedWei = neededWei > authorizedWei ? neededWei : authorizedWei + 1n;
    const maxClaimableWei = wantedWei < depositWei ? wantedWei : depositWei;
    this.#state = { ...this.#state, authorizedWei: maxClaimableWei, inFlight, nextRequestId: requestId + 1 };
    const voucher = maxClaimableWei > authorizedWei ? { channelId, maxClaimableWei } : null;
    return { requestId, voucher, state: this.#state };
  }

  /**
   * Books a receipt. Throws `CHANNEL_OVERCHARGED` when the request used more than its maximum, or costs other than
   * its usage: rounding of the cumulative charge moves at most one wei between requests, for each receiver.
   */
  settle(requestId: number, settled: SettledRequest): PayerState {
    const maximum = this.#maximum(requestId);
    if (!isWithin(NO_USAGE, settled.usage) || !isWithin(settled.usage, maximum)) {
      throw new ChannelError(
        'CHANNEL_OVERCHARGED',
        `request ${requestId} was charged for more than its maximum`,
      );
    }
    const off = subtractCharge(settled.charge, chargeOf(settled.usage, this.price));
    if (off.ownerWei < 0n || off.ownerWei > 1n || off.hostWei < 0n || off.hostWei > 1n) {
      throw new ChannelError(
        'CHANNEL_OVERCHARGED',
        `the charge of request ${requestId} is not its usage's price`,
      );
    }
    return this.#settleUsage(requestId, settled.usage);
  }

  /** Forgets a request that the enclave refused: nothing of it was charged. What was signed stays signed. */
  release(requestId: number): PayerState {
    this.#maximum(requestId);
    return this.#settleUsage(requestId, NO_USAGE);
  }

  /**
   * Takes over the enclave's account after answers were lost; only while neither side has requests in flight.
   * Throws `CHANNEL_OVERCHARGED` on a status that charges what was not signed or not used, or that forgets usage
   * which receipts proved, and `CHANNEL_IN_FLIGHT` while the enclave still works.
   */
  resync(status: ChannelStatus): PayerState {
    const { channelId, depositWei, authorizedWei, inFlight, usage } = this.#state;
    const lie = (why: string): never => {
      throw new ChannelError('CHANNEL_OVERCHARGED', `the enclave's status ${why}`);
    };
    if (status.channelId !== channelId) lie('is about another channel');
    if (status.depositWei !== depositWei) lie('names another deposit');
    if (status.authorizedWei > authorizedWei) lie('claims a voucher that was never signed');
    if (totalWei(status.charge) > status.authorizedWei) lie('charges more than was authorized');
    const price = chargeOf(status.usage, this.price);
    if (price.ownerWei !== status.charge.ownerWei || price.hostWei !== status.charge.hostWei) {
      lie('charges other than its usage costs');
    }
    const most = Object.values(inFlight).reduce(addUsage, usage);
    if (!isWithin(usage, status.usage) || !isWithin(status.usage, most)) {
      lie('does not agree with the receipts and the requests that were sent');
    }
    if (status.inFlight !== 0) {
      throw new ChannelError('CHANNEL_IN_FLIGHT', `the enclave still runs ${status.inFlight} requests`);
    }
    this.#state = { ...this.#state, usage: status.usage, inFlight: {} };
    return this.#state;
  }

  #maximum(requestId: number): Usage {
    const maximum = this.#state.inFlight[String(requestId)];
    if (maximum === undefined) {
      throw new ChannelError('CHANNEL_ORDER', `request ${requestId} is not in flight`);
    }
    return maximum;
  }

  #settleUsage(requestId: number, used: Usage): PayerState {
    const { [String(requestId)]: _settled, ...inFlight } = this.#state.inFlight;
    this.#state = { ...this.#state, usage: addUsage(this.#state.usage, used), inFlight };
    return this.#state;
  }
}
