import { type Clock, type Random, systemRandom } from '@dcml/core';
import { TransportError } from './transport-error.ts';

/** Remembers which sealed requests were served. */
export interface ReplayGuard {
  /**
   * Takes an encapsulated key (64 hex digits) for the first and only time.
   * Throws `TRANSPORT_REPLAYED`, or `TRANSPORT_REPLAY_GUARD_FULL` when it could only take it by forgetting another.
   */
  claim(encapsulatedKeyHex: string): void;
  /** How many keys are remembered. */
  readonly size: number;
}

export interface ReplayGuardOptions {
  /** Most keys remembered; each takes 32 bytes, reserved from the start. */
  readonly capacity: number;
  /** Must be at least as long as the encryption key lives: after it, a request could be served again. */
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly random?: Random;
}

const KEY_DIGITS = 64;

/** A fingerprint of 64 bits; encapsulated keys are unpredictable points, so 16 of their digits tell them apart. */
function fingerprintOf(encapsulatedKeyHex: string, offset: number): bigint {
  const fingerprint = BigInt(`0x${encapsulatedKeyHex.slice(offset, offset + 16)}`);
  return fingerprint === 0n ? 1n : fingerprint;
}

/**
 * Adversarial case "same sealed request twice": served once, charged once. An open-addressing table of fingerprints,
 * taken at a secret place of the key, so that nobody can grind a key that blocks another's request. Two generations,
 * each as long as `ttlMs`, let old keys go without ever forgetting one too early.
 */
export function createReplayGuard(options: ReplayGuardOptions): ReplayGuard {
  const { capacity, ttlMs, clock } = options;
  const [secret = 0] = (options.random ?? systemRandom).bytes(1);
  const offset = secret % (KEY_DIGITS - 16);
  // Half empty at most, so that a search is short.
  const slots = 2 * capacity + 1;
  const empty = (): { readonly table: BigUint64Array; count: number } => ({
    table: new BigUint64Array(slots),
    count: 0,
  });
  let older = empty();
  let newer = empty();
  let turnAt = clock.monotonicMs() + ttlMs;

  const slotOf = (table: BigUint64Array, fingerprint: bigint): number => {
    let slot = Number(fingerprint % BigInt(slots));
    while (table[slot] !== 0n && table[slot] !== fingerprint) slot = (slot + 1) % slots;
    return slot;
  };
  const turn = (): void => {
    const now = clock.monotonicMs();
    if (now < turnAt) return;
    // A key of the newer generation may be fresh: it goes to the older one, and out with the turn after that.
    older = now < turnAt + ttlMs ? newer : empty();
    newer = empty();
    turnAt = now + ttlMs;
  };

  return {
    claim(encapsulatedKeyHex) {
      turn();
      const fingerprint = fingerprintOf(encapsulatedKeyHex, offset);
      const slot = slotOf(newer.table, fingerprint);
      if (newer.table[slot] !== 0n || older.table[slotOf(older.table, fingerprint)] !== 0n) {
        throw new TransportError('TRANSPORT_REPLAYED', 'this sealed request was served before');
      }
      if (older.count + newer.count >= capacity) {
        throw new TransportError('TRANSPORT_REPLAY_GUARD_FULL', `${capacity} sealed requests are remembered`);
      }
      newer.table[slot] = fingerprint;
      newer.count++;
    },
    get size() {
      turn();
      return older.count + newer.count;
    },
  };
}
