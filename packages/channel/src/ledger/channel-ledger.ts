import type { ChannelId } from '@dcml/core';
import { assertUint, MAX_UINT128 } from '../abi-words.ts';
import { ChannelError } from '../channel-error.ts';
import { assertChannelConfig } from '../config.ts';
import type { ChannelDigests } from '../digests.ts';
import {
  addUsage,
  chargeOf,
  maxCompletionTokensFor,
  NO_USAGE,
  subtractCharge,
  subtractUsage,
  totalWei,
} from '../pricing.ts';
import type { Secp256k1 } from '../secp256k1.ts';
import type {
  ChannelConfig,
  ChannelStatus,
  Charge,
  CloseApproval,
  PriceTerms,
  SignedVoucher,
  Usage,
} from '../types.ts';
import { createVoucherVerifier, type VoucherVerifier } from '../voucher-verifier.ts';
import type { AdmissionFigures, AdmissionRefusal, AdmissionRequest, Preparation } from './admission.ts';
import { Reservations } from './reservations.ts';

export type LedgerPhase = 'open' | 'closing' | 'closed';

export interface ChannelLedgerOptions {
  readonly config: ChannelConfig;
  /** What the payer locked on chain. */
  readonly depositWei: bigint;
  readonly digests: ChannelDigests;
  readonly secp256k1: Secp256k1;
}

/** An approval that the enclave has still to sign. */
export interface UnsignedApproval extends CloseApproval {
  /** The newest voucher, or null when nothing was charged. */
  readonly voucher: SignedVoucher | null;
}

function tokens(count: number, what: string): bigint {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ChannelError('CHANNEL_ORDER', `${what} is not a token count`);
  }
  return BigInt(count);
}

/**
 * The enclave's account of one channel (docs/protocol/channel.md). Always charged <= authorized <= deposit, and
 * charged is exactly the price of what was delivered. Every method either succeeds or leaves the state as it was.
 *
 * A request runs `prepare`, then `commit` once the caller has stored the voucher (or `abandon` when it could not),
 * then any number of `deliver`, then `finish`. Prepared requests count as reserved, so parallel ones never add up
 * to more than is authorized, in whatever order they commit.
 */
export class ChannelLedger {
  readonly channelId: ChannelId;
  readonly price: PriceTerms;
  readonly depositWei: bigint;
  readonly #verifier: VoucherVerifier;
  readonly #reservations = new Reservations();
  #voucher: SignedVoucher | null = null;
  /** Usage that was delivered, requests in flight included. */
  #delivered: Usage = NO_USAGE;
  /** Usage of finished requests only. */
  #finished: Usage = NO_USAGE;
  #isClosing = false;

  /** Throws `CHANNEL_CONFIG` or `CHANNEL_RANGE`. */
  constructor({ config, depositWei, digests, secp256k1 }: ChannelLedgerOptions) {
    assertChannelConfig(config);
    assertUint(depositWei, MAX_UINT128, 'the deposit');
    this.channelId = digests.channelId(config);
    this.price = config.price;
    this.depositWei = depositWei;
    const { payerAuthorizer } = config;
    this.#verifier = createVoucherVerifier(digests, secp256k1, {
      channelId: this.channelId,
      payerAuthorizer,
    });
  }

  get phase(): LedgerPhase {
    if (!this.#isClosing) return 'open';
    return this.#reservations.count === 0 ? 'closed' : 'closing';
  }

  get authorizedWei(): bigint {
    return this.#voucher?.maxClaimableWei ?? 0n;
  }

  get charge(): Charge {
    return chargeOf(this.#delivered, this.price);
  }

  get inFlight(): number {
    return this.#reservations.count;
  }

  /** What the payer may see; `closing` shows as open, since requests still run. */
  status(): ChannelStatus {
    return {
      channelId: this.channelId,
      status: this.phase === 'closed' ? 'closed' : 'open',
      depositWei: this.depositWei,
      authorizedWei: this.authorizedWei,
      charge: this.charge,
      usage: this.#delivered,
      inFlight: this.inFlight,
    };
  }

  /** First phase of admission. A refusal changes nothing, and keeps nothing of the voucher. */
  prepare(request: AdmissionRequest): Preparation {
    const { voucher } = request;
    const promptTokens = tokens(request.promptTokens, 'the prompt');
    const available = tokens(request.availableCompletionTokens, 'the available completion');
    const requested =
      request.requestedCompletionTokens === null
        ? null
        : tokens(request.requestedCompletionTokens, 'the requested completion');

    if (this.#isClosing) return refuse('CHANNEL_CLOSED', null);
    if (voucher !== null) {
      if (voucher.channelId !== this.channelId) return refuse('CHANNEL_VOUCHER_FOREIGN', null);
      if (voucher.maxClaimableWei < 0n || voucher.maxClaimableWei > MAX_UINT128) {
        return refuse('CHANNEL_VOUCHER_OVER_DEPOSIT', null);
      }
      if (!this.#verifier.verify(voucher)) return refuse('CHANNEL_VOUCHER_SIGNATURE', null);
    }

    const withPrompt = addUsage(this.#worstUsage(), { promptTokens, completionTokens: 0n });
    const most = requested === null || requested > available ? available : requested;
    const least = requested === null ? (available > 0n ? 1n : 0n) : most;
    const leastWei = totalWei(
      chargeOf(addUsage(withPrompt, { promptTokens: 0n, completionTokens: least }), this.price),
    );
    const figures = this.#figures(leastWei);
    const newest = this.#newestWei();
    if (voucher !== null && voucher.maxClaimableWei <= newest) {
      return refuse('CHANNEL_VOUCHER_NOT_HIGHER', figures);
    }
    if (voucher !== null && voucher.maxClaimableWei > this.depositWei) {
      return refuse('CHANNEL_VOUCHER_OVER_DEPOSIT', figures);
    }
    // Pending vouchers of other requests do not count: their callers may yet fail to store them.
    const budgetWei = voucher?.maxClaimableWei ?? this.authorizedWei;
    if (leastWei > this.depositWei) return refuse('CHANNEL_DEPOSIT', figures);
    if (leastWei > budgetWei) return refuse('CHANNEL_AUTHORIZATION', figures);

    const maxCompletionTokens =
      maxCompletionTokensFor({ budgetWei, price: this.price, usage: withPrompt, limit: Number(most) }) ?? 0;
    const maximum = { promptTokens, completionTokens: BigInt(maxCompletionTokens) };
    const reservationId = this.#reservations.add(maximum, voucher);
    return { admitted: true, admission: { reservationId, voucher, maxCompletionTokens } };
  }

  /** Second phase, after the voucher is stored: from now on the request may deliver. Throws `CHANNEL_ORDER`. */
  commit(reservationId: number): void {
    const { voucher } = this.#reservations.get(reservationId, 'prepared');
    this.#reservations.commit(reservationId);
    // Parallel requests may commit in any order; the newest voucher is the highest.
    if (voucher !== null && voucher.maxClaimableWei > this.authorizedWei) this.#voucher = voucher;
  }

  /** Instead of `commit`: forgets the request and its voucher. Throws `CHANNEL_ORDER`. */
  abandon(reservationId: number): void {
    this.#reservations.remove(reservationId, 'prepared');
  }

  /**
   * What the request has used so far in total, once it is delivered: this is what gets charged.
   * Throws `CHANNEL_ORDER` when it shrinks or exceeds the reservation.
   */
  deliver(
    reservationId: number,
    usage: { readonly promptTokens: number; readonly completionTokens: number },
  ): void {
    const reservation = this.#reservations.get(reservationId, 'committed');
    const total: Usage = {
      promptTokens: tokens(usage.promptTokens, 'the prompt'),
      completionTokens: tokens(usage.completionTokens, 'the completion'),
    };
    if (!isWithin(reservation.delivered, total) || !isWithin(total, reservation.maximum)) {
      throw new ChannelError('CHANNEL_ORDER', `usage of reservation ${reservationId} shrinks or exceeds it`);
    }
    this.#delivered = addUsage(this.#delivered, subtractUsage(total, reservation.delivered));
    this.#reservations.deliver(reservationId, total);
  }

  /**
   * Ends the request, frees what it did not use, and returns what it cost: the growth of the charge for all
   * finished requests. These add up to the channel's charge without a remainder. Throws `CHANNEL_ORDER`.
   */
  finish(reservationId: number): Charge {
    const { delivered } = this.#reservations.remove(reservationId, 'committed');
    const before = chargeOf(this.#finished, this.price);
    this.#finished = addUsage(this.#finished, delivered);
    return subtractCharge(chargeOf(this.#finished, this.price), before);
  }

  /** Admits nothing from now on; requests in flight may end. Idempotent. */
  close(): void {
    this.#isClosing = true;
  }

  /**
   * The final account, the same at every call. Throws `CHANNEL_IN_FLIGHT` while requests run and `CHANNEL_ORDER`
   * before `close`.
   */
  approval(): UnsignedApproval {
    if (this.phase === 'open') throw new ChannelError('CHANNEL_ORDER', 'the channel is not closing');
    if (this.phase === 'closing') {
      throw new ChannelError('CHANNEL_IN_FLIGHT', `${this.inFlight} requests are in flight`);
    }
    const { charge } = this;
    return { channelId: this.channelId, charge, voucher: totalWei(charge) === 0n ? null : this.#voucher };
  }

  /** Usage if every request in flight uses all that it may. */
  #worstUsage(): Usage {
    return addUsage(this.#delivered, this.#reservations.outstanding);
  }

  /** The bound that the next voucher has to exceed: vouchers in preparation count, so that none is used twice. */
  #newestWei(): bigint {
    const pending = this.#reservations.highestPendingWei;
    return pending > this.authorizedWei ? pending : this.authorizedWei;
  }

  #figures(leastWei: bigint): AdmissionFigures {
    const chargedWei = totalWei(this.charge);
    const newest = this.#newestWei();
    return {
      authorizedWei: this.authorizedWei,
      chargedWei,
      reservedWei: totalWei(chargeOf(this.#worstUsage(), this.price)) - chargedWei,
      depositWei: this.depositWei,
      requiredMaxClaimableWei: leastWei > newest ? leastWei : newest + 1n,
    };
  }
}

function isWithin(inner: Usage, outer: Usage): boolean {
  return inner.promptTokens <= outer.promptTokens && inner.completionTokens <= outer.completionTokens;
}

function refuse(code: AdmissionRefusal['code'], figures: AdmissionFigures | null): Preparation {
  return { admitted: false, refusal: { code, figures } };
}
