import type { EvidencePolicy } from '@dcml/attest';
import type { CollateralCache } from '../cache/collateral-cache.ts';
import type { NetworkOptions } from '../http/download.ts';
import type { DocumentSource, FetchMode } from './document-plan.ts';
import type { ObtainContext } from './obtain-document.ts';

/** What every fetch takes. */
export interface FetchOptions extends NetworkOptions {
  /** Its roots decide what is authentic. */
  readonly policy: EvidencePolicy;
  /** The moment at which everything must be current. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
  /** Without it every document is fetched, and none is kept. */
  readonly cache?: CollateralCache;
  /** Default: `cache`. */
  readonly mode?: FetchMode;
}

/** What a fetch gives: the collateral, and where each of its documents is from. */
export interface Fetched<Collateral> {
  readonly collateral: Collateral;
  readonly documents: readonly DocumentSource[];
}

export function obtainContext(options: FetchOptions): ObtainContext {
  const { nowMs, signal, cache, mode = 'cache', timeoutMs, proxy } = options;
  return {
    nowMs,
    signal,
    cache,
    mode,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(proxy === undefined ? {} : { proxy }),
  };
}
