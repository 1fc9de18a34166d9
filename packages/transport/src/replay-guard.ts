import type { Clock } from '@dcml/core';
import { TransportError } from './transport-error.ts';

/** Remembers which sealed requests were served. */
export interface ReplayGuard {
  /**
   * Takes an encapsulated key for the first and only time.
   * Throws `TRANSPORT_REPLAYED`, or `TRANSPORT_REPLAY_GUARD_FULL` when it could only take it by forgetting another.
   */
  claim(encapsulatedKeyHex: string): void;
  /** How many keys are remembered. */
  readonly size: number;
}

export interface ReplayGuardOptions {
  /** Most keys remembered at a time; one takes about 150 bytes. */
  readonly capacity: number;
  /** Must be at least as long as the encryption key lives: after it, a request could be served again. */
  readonly ttlMs: number;
  readonly clock: Clock;
}

/** Adversarial case "same sealed request twice": served once, charged once. */
export function createReplayGuard(options: ReplayGuardOptions): ReplayGuard {
  const { capacity, ttlMs, clock } = options;
  // Insertion order is expiry order, since every entry lives equally long.
  const expiries = new Map<string, number>();
  const forgetExpired = (now: number): void => {
    for (const [key, expiresAt] of expiries) {
      if (expiresAt > now) return;
      expiries.delete(key);
    }
  };
  return {
    claim(encapsulatedKeyHex) {
      const now = clock.monotonicMs();
      forgetExpired(now);
      if (expiries.has(encapsulatedKeyHex)) {
        throw new TransportError('TRANSPORT_REPLAYED', 'this sealed request was served before');
      }
      if (expiries.size >= capacity) {
        throw new TransportError('TRANSPORT_REPLAY_GUARD_FULL', `${capacity} sealed requests are remembered`);
      }
      expiries.set(encapsulatedKeyHex, now + ttlMs);
    },
    get size() {
      return expiries.size;
    },
  };
}
