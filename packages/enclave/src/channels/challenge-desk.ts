import { asChallenge, type Challenge, type Clock, type Random, toPrefixedHex } from '@dcml/core';
import { EnclaveError } from '../enclave-error.ts';

export interface IssuedChallenge {
  readonly challenge: Challenge;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/**
 * Random numbers that open channels (DCML section 6, step 2 and `get_challenge`). Each is known to this instance only,
 * lives for a bounded time and is taken once: a channel opened for another instance, or twice, finds no challenge here.
 */
export class ChallengeDesk {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lifetimeSeconds: number;
  readonly #capacity: number;
  readonly #expiry = new Map<Challenge, number>();

  constructor(options: {
    readonly clock: Clock;
    readonly random: Random;
    readonly lifetimeSeconds: number;
    readonly capacity: number;
  }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#lifetimeSeconds = options.lifetimeSeconds;
    this.#capacity = options.capacity;
  }

  issue(): IssuedChallenge {
    // A stranger can ask for many: the oldest is forgotten, so memory stays bounded and honest users rarely notice.
    if (this.#expiry.size >= this.#capacity) {
      const oldest = this.#expiry.keys().next().value;
      if (oldest !== undefined) this.#expiry.delete(oldest);
    }
    const challenge = asChallenge(toPrefixedHex(this.#random.bytes(32)));
    const expiresAt = Math.floor(this.#clock.now() / 1000) + this.#lifetimeSeconds;
    this.#expiry.set(challenge, expiresAt);
    return { challenge, expiresAt };
  }

  /** Throws `ENCLAVE_CHALLENGE` unless the challenge is ours, unexpired and not yet taken. */
  assertUsable(challenge: Challenge): void {
    const expiresAt = this.#expiry.get(challenge);
    if (expiresAt === undefined || expiresAt <= this.#clock.now() / 1000) {
      throw new EnclaveError('ENCLAVE_CHALLENGE', 'the challenge is not one that this instance waits for');
    }
  }

  /** Takes a challenge for good. Throws `ENCLAVE_CHALLENGE` like `assertUsable`. */
  take(challenge: Challenge): void {
    this.assertUsable(challenge);
    this.#expiry.delete(challenge);
  }
}
