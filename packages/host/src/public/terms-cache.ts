import type { Clock, ModelHash } from '@dcml/core';
import type { HostChain, ModelTerms } from '../watch/host-chain.ts';

/** Strangers may ask for the description as often as they like; the chain node must not feel it. */
const LIFETIME_MS = 2_000;

export type ReadTerms = (model: ModelHash, signal: AbortSignal) => Promise<ModelTerms | null>;

/** Terms that may be two seconds old: for showing. Offers read them fresh. */
export function createTermsCache(chain: HostChain, clock: Clock): ReadTerms {
  const known = new Map<ModelHash, { readonly terms: ModelTerms | null; readonly until: number }>();
  return async (model, signal) => {
    const found = known.get(model);
    if (found !== undefined && found.until > clock.monotonicMs()) return found.terms;
    const terms = await chain.getModelTerms(model, signal);
    known.set(model, { terms, until: clock.monotonicMs() + LIFETIME_MS });
    return terms;
  };
}
