import { type Clock, isDcmlError } from '@dcml/core';
import type { FetchMode } from './document-plan.ts';
import type { Fetched } from './fetch-options.ts';

const DEFAULT_REFRESH_MS = 24 * 3_600_000;
const DEFAULT_RETRY_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 60_000;

export interface CollateralSourceOptions<Collateral> {
  /** One fetch, for example `fetchIntelCollateral` with a cache. */
  readonly fetch: (mode: FetchMode, nowMs: number, signal: AbortSignal) => Promise<Fetched<Collateral>>;
  readonly clock: Clock;
  /** How old collateral becomes before the service is asked for newer; default a day. */
  readonly refreshMs?: number;
  /** How long after a failure nothing is asked, unless the service names a time; default a minute. */
  readonly retryMs?: number;
  /** For a whole fetch; default a minute. */
  readonly timeoutMs?: number;
  /** Told about every failure, those in the background too. */
  readonly onError?: (error: unknown) => void;
}

/** The collateral of one platform for many readers. */
export interface CollateralSource<Collateral> {
  /**
   * The collateral as long as it is current, at once. However many ask, one fetch runs at a time, and none after a
   * failure until it is time. Throws `COLLATERAL_*`, or the reason of the signal.
   */
  read(signal: AbortSignal): Promise<Collateral>;
}

interface Held<Collateral> {
  readonly collateral: Collateral;
  readonly untilMs: number;
  readonly refreshAtMs: number;
}

function abortOf(signal: AbortSignal): { readonly aborted: Promise<never>; readonly done: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return { aborted: promise, done: () => signal.removeEventListener('abort', onAbort) };
}

/** Keeps the collateral of one platform fresh without letting readers ask the service. */
export function createCollateralSource<Collateral>(
  options: CollateralSourceOptions<Collateral>,
): CollateralSource<Collateral> {
  const { clock, refreshMs = DEFAULT_REFRESH_MS, retryMs = DEFAULT_RETRY_MS, onError } = options;
  let held: Held<Collateral> | undefined;
  let failure: { readonly error: unknown; readonly untilMs: number } | undefined;
  let running: Promise<Held<Collateral>> | undefined;

  const fetchOnce = async (mode: FetchMode): Promise<Held<Collateral>> => {
    const nowMs = clock.now();
    try {
      const signal = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      const { collateral, documents } = await options.fetch(mode, nowMs, signal);
      const isFresh = documents.every(({ source }) => source === 'service');
      held = {
        collateral,
        untilMs: Math.min(...documents.map(({ nextUpdateMs }) => nextUpdateMs)),
        // Nobody knows how long ago the cache was filled.
        refreshAtMs: isFresh ? nowMs + refreshMs : nowMs,
      };
      failure = undefined;
      return held;
    } catch (error) {
      const asked = isDcmlError(error) ? error.details['retry_at_ms'] : undefined;
      failure = { error, untilMs: typeof asked === 'number' ? asked : nowMs + retryMs };
      onError?.(error);
      throw error;
    } finally {
      running = undefined;
    }
  };

  const start = (mode: FetchMode): Promise<Held<Collateral>> => {
    if (running !== undefined) return running;
    running = fetchOnce(mode);
    // Its failure is kept for whoever reads next; nobody may be waiting for it.
    running.catch(() => undefined);
    return running;
  };

  return {
    async read(signal) {
      signal.throwIfAborted();
      const nowMs = clock.now();
      const isBlocked = failure !== undefined && nowMs < failure.untilMs;
      if (held !== undefined && nowMs <= held.untilMs) {
        if (nowMs >= held.refreshAtMs && !isBlocked) void start('refresh');
        return held.collateral;
      }
      if (isBlocked) throw failure?.error;
      const { aborted, done } = abortOf(signal);
      try {
        return (await Promise.race([start('cache'), aborted])).collateral;
      } finally {
        done();
        aborted.catch(() => undefined);
      }
    },
  };
}
