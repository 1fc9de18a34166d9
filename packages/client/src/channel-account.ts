import {
  ChannelError,
  type ChannelStatus,
  type Charge,
  chargeOf,
  createChannelDigests,
  PayerLedger,
  type PayerState,
  PreparedSigner,
  type SignedChannelRequest,
  type SignedVoucher,
  totalWei,
  type Usage,
} from '@dcml/channel';
import { type Clock, fromPrefixedHex } from '@dcml/core';
import { ClientError } from './client-error.ts';
import type { ChannelRecord, ClientStore } from './client-store.ts';
import type { ClientPlatform } from './platform.ts';
import type { CostedRequest } from './request-cost.ts';

/**
 * A voucher must be higher than the one before, so a deposit that is wholly signed takes no more requests even while
 * much of it is unspent. This last part of it is signed wei by wei.
 */
const HEADROOM_WEI = 100_000n;
/** A channel request ages quickly: it is an order. */
const REQUEST_LIFETIME_SECONDS = 120;

export interface SignedIncrement {
  readonly voucher: SignedVoucher;
  /** What the voucher adds to the one before. */
  readonly addsWei: bigint;
}

export interface Reservation extends SignedIncrement {
  readonly requestId: number;
}

/** Receipt figures of one request. */
export interface SettledFigures {
  readonly usage: Usage;
  readonly charge: Charge;
}

function softDeposit({ depositWei, authorizedWei }: PayerState): bigint {
  const soft = depositWei > HEADROOM_WEI ? depositWei - HEADROOM_WEI : 0n;
  const next = authorizedWei + 1n;
  const cap = next > soft ? next : soft;
  return cap < depositWei ? cap : depositWei;
}

/**
 * The payer's account of one channel. What is signed is on disk before the signature exists, so no crash can lead to
 * a second voucher over less. Several processes may use one channel: the store orders them.
 */
export class ChannelAccount {
  readonly record: ChannelRecord;
  readonly #store: ClientStore;
  readonly #signer: PreparedSigner;
  readonly #clock: Clock;
  /** Requests of this process that may still settle. */
  readonly #active = new Set<number>();

  constructor(store: ClientStore, platform: ClientPlatform, record: ChannelRecord) {
    this.record = record;
    this.#store = store;
    this.#clock = platform.clock;
    this.#signer = new PreparedSigner(
      createChannelDigests(record.domain),
      platform.secp256k1,
      fromPrefixedHex(record.sessionKey),
      record.channelId,
    );
  }

  /** Throws `CLIENT_NOT_FOUND`. */
  async state(): Promise<PayerState> {
    const state = await this.#store.getAccount(this.record.channelId);
    if (state === null) throw new ClientError('CLIENT_NOT_FOUND', `no channel ${this.record.channelId} here`);
    return state;
  }

  /**
   * Reserves a request's maximum and signs for it.
   * Throws `CLIENT_LIMIT`, `CLIENT_CHANNEL_EXHAUSTED`, `CLIENT_STORE`, `CLIENT_STORE_FULL`.
   */
  async reserve(request: CostedRequest, maxWeiPerRequest: bigint | null): Promise<Reservation> {
    const { maxPromptTokens, maxCompletionTokens } = request;
    const usage = { promptTokens: BigInt(maxPromptTokens), completionTokens: BigInt(maxCompletionTokens) };
    const mostWei = totalWei(chargeOf(usage, this.record.config.price));
    if (maxWeiPerRequest !== null && mostWei > maxWeiPerRequest) {
      throw new ClientError(
        'CLIENT_LIMIT',
        `the request may cost ${mostWei} wei, your limit is ${maxWeiPerRequest}`,
      );
    }
    const plan = await this.#change((state) => {
      const ledger = new PayerLedger(this.record.config.price, { ...state, depositWei: softDeposit(state) });
      const next = ledger.nextVoucher({ maxPromptTokens, maxCompletionTokens });
      if (next.voucher === null) {
        throw new ClientError('CLIENT_CHANNEL_EXHAUSTED', 'the whole deposit is signed away');
      }
      const account = { ...next.state, depositWei: state.depositWei };
      const { maxClaimableWei: amountWei } = next.voucher;
      const addsWei = amountWei - state.authorizedWei;
      return { account, result: { requestId: next.requestId, amountWei, addsWei } };
    });
    this.#active.add(plan.requestId);
    return {
      requestId: plan.requestId,
      addsWei: plan.addsWei,
      voucher: this.#signer.voucher(plan.amountWei),
    };
  }

  /**
   * Signs more for a request that the enclave refused, at least `requiredWei`.
   * Throws `CLIENT_CHANNEL_EXHAUSTED`, `CLIENT_LIMIT`.
   */
  async raise(requiredWei: bigint, maxWeiPerRequest: bigint | null): Promise<SignedIncrement> {
    const { amountWei, addsWei } = await this.#change((state) => {
      const next = state.authorizedWei + 1n;
      const amount = requiredWei > next ? requiredWei : next;
      if (amount > state.depositWei) {
        throw new ClientError(
          'CLIENT_CHANNEL_EXHAUSTED',
          `${amount} wei are needed, the deposit is ${state.depositWei}`,
        );
      }
      if (maxWeiPerRequest !== null && amount - state.authorizedWei > maxWeiPerRequest) {
        const more = amount - state.authorizedWei;
        throw new ClientError(
          'CLIENT_LIMIT',
          `the enclave asks for ${more} wei more, your limit is ${maxWeiPerRequest}`,
        );
      }
      const result = { amountWei: amount, addsWei: amount - state.authorizedWei };
      return { account: { ...state, authorizedWei: amount }, result };
    });
    return { addsWei, voucher: this.#signer.voucher(amountWei) };
  }

  /** Books a verified receipt. Throws `CHANNEL_OVERCHARGED`. */
  async settle(requestId: number, figures: SettledFigures): Promise<void> {
    await this.#change((state) => {
      // A status that was taken over meanwhile has this request in it already.
      if (state.inFlight[String(requestId)] === undefined) return { account: state, result: undefined };
      const ledger = new PayerLedger(this.record.config.price, state);
      return { account: ledger.settle(requestId, figures), result: undefined };
    });
    this.#active.delete(requestId);
  }

  /** Forgets a request that the enclave refused or never got. What was signed stays signed. */
  async release(requestId: number): Promise<void> {
    await this.#change((state) => {
      if (state.inFlight[String(requestId)] === undefined) return { account: state, result: undefined };
      const ledger = new PayerLedger(this.record.config.price, state);
      return { account: ledger.release(requestId), result: undefined };
    });
    this.#active.delete(requestId);
  }

  /** Gives up waiting for a request whose end is unknown; its maximum stays reserved until `resync`. */
  abandon(requestId: number): void {
    this.#active.delete(requestId);
  }

  /** True when requests without a receipt are left over and none is under way here. */
  async needsResync(): Promise<boolean> {
    return this.#active.size === 0 && Object.keys((await this.state()).inFlight).length > 0;
  }

  /**
   * Takes over the enclave's account for requests whose receipts were lost. False while the enclave still works on
   * some. Throws `CHANNEL_OVERCHARGED` when the status does not agree with what was signed and receipted.
   */
  async resync(status: ChannelStatus): Promise<boolean> {
    try {
      await this.#change((state) => {
        const ledger = new PayerLedger(this.record.config.price, state);
        return { account: ledger.resync(status), result: undefined };
      });
      return true;
    } catch (error) {
      if (error instanceof ChannelError && error.code === 'CHANNEL_IN_FLIGHT') return false;
      throw error;
    }
  }

  signRequest(action: 'status' | 'close'): SignedChannelRequest {
    return this.#signer.request(action, Math.floor(this.#clock.now() / 1000) + REQUEST_LIFETIME_SECONDS);
  }

  #change<Result>(
    change: (state: PayerState) => { readonly account: PayerState; readonly result: Result },
  ): Promise<Result> {
    return this.#store.changeAccount(this.record.channelId, change);
  }
}
