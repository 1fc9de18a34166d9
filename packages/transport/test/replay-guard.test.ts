import { sha256, systemRandom, toHex } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReplayGuard } from '../src/index.ts';

const replayed = expect.objectContaining({ code: 'TRANSPORT_REPLAYED' });
const full = expect.objectContaining({ code: 'TRANSPORT_REPLAY_GUARD_FULL' });
const keyOf = (i: number): string => toHex(sha256(Uint8Array.of(i >> 8, i & 255)));

function guardAt(at: { ms: number }, capacity: number): ReturnType<typeof createReplayGuard> {
  return createReplayGuard({ capacity, ttlMs: 100, clock: { now: () => 0, monotonicMs: () => at.ms } });
}

describe('replay guard', () => {
  it('takes each key once while it is remembered', () => {
    const at = { ms: 0 };
    const guard = guardAt(at, 2);
    guard.claim(keyOf(1));
    expect(() => guard.claim(keyOf(1))).toThrow(replayed);
    at.ms = 99;
    expect(() => guard.claim(keyOf(1))).toThrow(replayed);
    expect(guard.size).toBe(1);
  });

  it('never forgets a live key for a new one', () => {
    const at = { ms: 0 };
    const guard = guardAt(at, 2);
    guard.claim(keyOf(1));
    at.ms = 50;
    guard.claim(keyOf(2));
    expect(() => guard.claim(keyOf(3))).toThrow(full);
    at.ms = 149; // the second key is still live
    expect(() => guard.claim(keyOf(2))).toThrow(replayed);
    at.ms = 250;
    guard.claim(keyOf(3));
    guard.claim(keyOf(1));
    expect(guard.size).toBe(2);
  });

  it('remembers a full table without confusing keys', () => {
    const guard = guardAt({ ms: 0 }, 500);
    for (let i = 0; i < 500; i++) guard.claim(keyOf(i));
    for (let i = 0; i < 500; i++) expect(() => guard.claim(keyOf(i))).toThrow(replayed);
    expect(() => guard.claim(keyOf(501))).toThrow(full);
  });

  it('never serves a key twice within its time, at whatever times requests come', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 60 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (claims) => {
        const at = { ms: 0 };
        const guard = createReplayGuard({
          capacity: 1000,
          ttlMs: 100,
          clock: { now: () => 0, monotonicMs: () => at.ms },
          random: systemRandom,
        });
        const servedAt = new Map<number, number>();
        for (const [key, wait] of claims) {
          at.ms += wait;
          const before = servedAt.get(key);
          const isLive = before !== undefined && at.ms < before + 100;
          try {
            guard.claim(keyOf(key));
            expect(isLive).toBe(false);
            servedAt.set(key, at.ms);
          } catch (error) {
            expect(error).toEqual(replayed);
            expect(before).toBeDefined();
          }
        }
      }),
    );
  });
});
