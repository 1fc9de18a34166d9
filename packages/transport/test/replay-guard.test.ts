import { describe, expect, it } from 'vitest';
import { createReplayGuard } from '../src/index.ts';

describe('replay guard', () => {
  const at = { ms: 0 };
  const clock = { now: () => 0, monotonicMs: () => at.ms };

  it('takes each key once while it is remembered', () => {
    const guard = createReplayGuard({ capacity: 2, ttlMs: 100, clock });
    guard.claim('a');
    expect(() => guard.claim('a')).toThrow(expect.objectContaining({ code: 'TRANSPORT_REPLAYED' }));
    at.ms = 99;
    expect(() => guard.claim('a')).toThrow(expect.objectContaining({ code: 'TRANSPORT_REPLAYED' }));
    expect(guard.size).toBe(1);
  });

  it('never forgets a live key for a new one', () => {
    at.ms = 0;
    const guard = createReplayGuard({ capacity: 2, ttlMs: 100, clock });
    guard.claim('a');
    at.ms = 50;
    guard.claim('b');
    expect(() => guard.claim('c')).toThrow(expect.objectContaining({ code: 'TRANSPORT_REPLAY_GUARD_FULL' }));
    at.ms = 100;
    guard.claim('c');
    expect(() => guard.claim('b')).toThrow(expect.objectContaining({ code: 'TRANSPORT_REPLAYED' }));
    expect(guard.size).toBe(2);
  });
});
