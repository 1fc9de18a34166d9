import { asChallenge, systemRandom } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { ChallengeDesk } from '../../src/channels/challenge-desk.ts';

function deskAt(clock: { nowMs: number }, capacity = 100): ChallengeDesk {
  return new ChallengeDesk({
    clock: { now: () => clock.nowMs, monotonicMs: () => clock.nowMs },
    random: systemRandom,
    lifetimeSeconds: 60,
    capacity,
  });
}

const refused = { code: 'ENCLAVE_CHALLENGE' };

describe('ChallengeDesk (adversarial: challenge reused, guessed, from another enclave)', () => {
  it('takes a challenge once', () => {
    const desk = deskAt({ nowMs: 0 });
    const { challenge } = desk.issue();
    desk.take(challenge);
    expect(() => desk.take(challenge)).toThrow(expect.objectContaining(refused));
  });

  it('refuses a guessed challenge and one of another enclave', () => {
    const desk = deskAt({ nowMs: 0 });
    const foreign = deskAt({ nowMs: 0 }).issue().challenge;
    expect(() => desk.take(foreign)).toThrow(expect.objectContaining(refused));
    expect(() => desk.take(asChallenge(`0x${'00'.repeat(32)}`))).toThrow(expect.objectContaining(refused));
  });

  it('refuses an expired challenge, at the second it expires', () => {
    const clock = { nowMs: 0 };
    const desk = deskAt(clock);
    const { challenge, expiresAt } = desk.issue();
    clock.nowMs = expiresAt * 1000 - 1;
    desk.assertUsable(challenge);
    clock.nowMs = expiresAt * 1000;
    expect(() => desk.take(challenge)).toThrow(expect.objectContaining(refused));
  });

  it('keeps memory bounded: the oldest gives way', () => {
    const desk = deskAt({ nowMs: 0 }, 2);
    const [first, second, third] = [desk.issue(), desk.issue(), desk.issue()];
    expect(() => desk.take(first.challenge)).toThrow(expect.objectContaining(refused));
    desk.take(second.challenge);
    desk.take(third.challenge);
  });
});
