import { ChannelError } from '../channel-error.ts';
import { addUsage, NO_USAGE, subtractUsage } from '../pricing.ts';
import type { SignedVoucher, Usage } from '../types.ts';

/** One admitted request. */
export interface Reservation {
  readonly maximum: Usage;
  /** Its own voucher, until that is committed or abandoned. */
  readonly voucher: SignedVoucher | null;
  readonly committed: boolean;
  readonly delivered: Usage;
}

/** Requests in flight and the most that they may still use. */
export class Reservations {
  readonly #byId = new Map<number, Reservation>();
  #nextId = 1;
  #outstanding: Usage = NO_USAGE;

  /** Sum of maximum minus delivered over all requests in flight. */
  get outstanding(): Usage {
    return this.#outstanding;
  }

  get count(): number {
    return this.#byId.size;
  }

  /** The highest voucher that is not committed yet, or zero. */
  get highestPendingWei(): bigint {
    let highest = 0n;
    for (const { voucher } of this.#byId.values()) {
      if (voucher !== null && voucher.maxClaimableWei > highest) highest = voucher.maxClaimableWei;
    }
    return highest;
  }

  add(maximum: Usage, voucher: SignedVoucher | null): number {
    const id = this.#nextId++;
    this.#byId.set(id, { maximum, voucher, committed: false, delivered: NO_USAGE });
    this.#outstanding = addUsage(this.#outstanding, maximum);
    return id;
  }

  /** Throws `CHANNEL_ORDER` unless the reservation exists in the given phase. */
  get(id: number, phase: 'prepared' | 'committed'): Reservation {
    const found = this.#byId.get(id);
    if (found === undefined || found.committed !== (phase === 'committed')) {
      throw new ChannelError('CHANNEL_ORDER', `there is no ${phase} reservation ${id}`);
    }
    return found;
  }

  commit(id: number): void {
    this.#byId.set(id, { ...this.get(id, 'prepared'), committed: true, voucher: null });
  }

  deliver(id: number, delivered: Usage): void {
    const reservation = this.get(id, 'committed');
    this.#outstanding = subtractUsage(this.#outstanding, subtractUsage(delivered, reservation.delivered));
    this.#byId.set(id, { ...reservation, delivered });
  }

  remove(id: number, phase: 'prepared' | 'committed'): Reservation {
    const reservation = this.get(id, phase);
    this.#outstanding = subtractUsage(
      this.#outstanding,
      subtractUsage(reservation.maximum, reservation.delivered),
    );
    this.#byId.delete(id);
    return reservation;
  }
}
