import type { Clock } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import {
  CollateralError,
  type CollateralSource,
  createCollateralSource,
  type Fetched,
  type FetchMode,
} from '../../src/index.ts';

const HOUR_MS = 3_600_000;

interface Rig {
  readonly source: CollateralSource<string>;
  readonly clock: Clock & { nowMs: number };
  /** Modes of the fetches that began, each to be answered. */
  readonly begun: FetchMode[];
  readonly errors: unknown[];
  answer(collateral: string, source: 'cache' | 'service', nextUpdateMs: number): Promise<void>;
  fail(error: unknown): Promise<void>;
}

function createRig(timeoutMs = 60_000): Rig {
  const clock = { nowMs: 1000 * HOUR_MS, now: () => clock.nowMs, monotonicMs: () => clock.nowMs };
  const begun: FetchMode[] = [];
  const errors: unknown[] = [];
  const waiting: PromiseWithResolvers<Fetched<string>>[] = [];
  const source = createCollateralSource<string>({
    clock,
    refreshMs: 24 * HOUR_MS,
    retryMs: 60_000,
    timeoutMs,
    onError: (error) => errors.push(error),
    fetch: (mode, _nowMs, signal) => {
      begun.push(mode);
      const pending = Promise.withResolvers<Fetched<string>>();
      signal.addEventListener('abort', () => pending.reject(signal.reason));
      waiting.push(pending);
      return pending.promise;
    },
  });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    source,
    clock,
    begun,
    errors,
    answer: (collateral, from, nextUpdateMs) => {
      const document = { what: '', source: from, sha256: '', nextUpdateMs, reason: 'absent' } as const;
      waiting.shift()?.resolve({ collateral, documents: [document] });
      return settle();
    },
    fail: (error) => {
      waiting.shift()?.reject(error);
      return settle();
    },
  };
}

const signal = (): AbortSignal => new AbortController().signal;

describe('collateral source', () => {
  it('one fetch for many readers, then none while it is current', async () => {
    const rig = createRig();
    const readers = Array.from({ length: 5 }, () => rig.source.read(signal()));
    await rig.answer('a', 'service', rig.clock.nowMs + 30 * 24 * HOUR_MS);
    expect(await Promise.all(readers)).toEqual(['a', 'a', 'a', 'a', 'a']);
    rig.clock.nowMs += 23 * HOUR_MS;
    expect(await rig.source.read(signal())).toBe('a');
    expect(rig.begun).toEqual(['cache']);
  });

  it('refreshes in the background, and keeps what it has when that fails', async () => {
    const rig = createRig();
    const first = rig.source.read(signal());
    await rig.answer('a', 'service', rig.clock.nowMs + 30 * 24 * HOUR_MS);
    await first;
    rig.clock.nowMs += 25 * HOUR_MS;
    expect(await rig.source.read(signal())).toBe('a');
    expect(await rig.source.read(signal())).toBe('a');
    expect(rig.begun).toEqual(['cache', 'refresh']);
    await rig.fail(new Error('no network'));
    expect(await rig.source.read(signal())).toBe('a');
    expect(rig.begun).toHaveLength(2);
    expect(rig.errors).toHaveLength(1);
    rig.clock.nowMs += 61_000;
    expect(await rig.source.read(signal())).toBe('a');
    await rig.answer('b', 'service', rig.clock.nowMs + 30 * 24 * HOUR_MS);
    expect(await rig.source.read(signal())).toBe('b');
    expect(rig.begun).toEqual(['cache', 'refresh', 'refresh']);
  });

  it('what came from the cache may be old: the first reader after it asks the service', async () => {
    const rig = createRig();
    const first = rig.source.read(signal());
    await rig.answer('a', 'cache', rig.clock.nowMs + HOUR_MS);
    expect(await first).toBe('a');
    expect(await rig.source.read(signal())).toBe('a');
    expect(rig.begun).toEqual(['cache', 'refresh']);
  });

  it('does not serve what has run out, nor ask again before the service wants it', async () => {
    const rig = createRig();
    const first = rig.source.read(signal());
    await rig.answer('a', 'service', rig.clock.nowMs + HOUR_MS);
    await first;
    rig.clock.nowMs += 2 * HOUR_MS;
    const limited = new CollateralError('COLLATERAL_RATE_LIMITED', 'slow down', {
      details: { retry_at_ms: rig.clock.nowMs + HOUR_MS },
    });
    const second = rig.source.read(signal());
    const refused = expect(second).rejects.toBe(limited);
    await rig.fail(limited);
    await refused;
    rig.clock.nowMs += HOUR_MS - 1;
    await expect(rig.source.read(signal())).rejects.toBe(limited);
    expect(rig.begun).toHaveLength(2);
    rig.clock.nowMs += 1;
    const third = rig.source.read(signal());
    await rig.answer('b', 'service', rig.clock.nowMs + HOUR_MS);
    expect(await third).toBe('b');
  });

  it('a reader that goes away does not stop the fetch of the others', async () => {
    const rig = createRig();
    const gone = new AbortController();
    const leaver = rig.source.read(gone.signal);
    const stayer = rig.source.read(signal());
    gone.abort(new Error('gone'));
    await expect(leaver).rejects.toThrow('gone');
    await expect(rig.source.read(gone.signal)).rejects.toThrow('gone');
    await rig.answer('a', 'service', rig.clock.nowMs + HOUR_MS);
    expect(await stayer).toBe('a');
    expect(rig.begun).toHaveLength(1);
  });

  it('a fetch has a deadline of its own', async () => {
    const rig = createRig(20);
    await expect(rig.source.read(signal())).rejects.toThrow();
    expect(rig.errors).toHaveLength(1);
  });
});
