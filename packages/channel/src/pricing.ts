import type { Charge, PriceTerms, Usage } from './types.ts';

const TOKENS_PER_PRICE = 1_000_000n;

export const NO_USAGE: Usage = { promptTokens: 0n, completionTokens: 0n };
export const NO_CHARGE: Charge = { ownerWei: 0n, hostWei: 0n };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
  };
}

export function subtractUsage(a: Usage, b: Usage): Usage {
  return {
    promptTokens: a.promptTokens - b.promptTokens,
    completionTokens: a.completionTokens - b.completionTokens,
  };
}

export function addCharge(a: Charge, b: Charge): Charge {
  return { ownerWei: a.ownerWei + b.ownerWei, hostWei: a.hostWei + b.hostWei };
}

export function subtractCharge(a: Charge, b: Charge): Charge {
  return { ownerWei: a.ownerWei - b.ownerWei, hostWei: a.hostWei - b.hostWei };
}

export function totalWei(charge: Charge): bigint {
  return charge.ownerWei + charge.hostWei;
}

/**
 * What a channel's *cumulative* usage costs, rounded down to the wei once for each receiver. A request costs the
 * difference of two such charges, so however usage is cut into requests, the channel pays the same:
 * less than one wei below the exact price for each receiver, never above it.
 */
export function chargeOf(usage: Usage, price: PriceTerms): Charge {
  const { promptTokens, completionTokens } = usage;
  return {
    ownerWei:
      (promptTokens * price.ownerPromptPerMTok + completionTokens * price.ownerCompletionPerMTok) /
      TOKENS_PER_PRICE,
    hostWei:
      (promptTokens * price.hostPromptPerMTok + completionTokens * price.hostCompletionPerMTok) /
      TOKENS_PER_PRICE,
  };
}

export interface CompletionBudget {
  /** What the owner and the host together may have been charged afterwards. */
  readonly budgetWei: bigint;
  readonly price: PriceTerms;
  /** The channel's usage before the completion, this request's prompt included. */
  readonly usage: Usage;
  /** The answer is at most this. */
  readonly limit: number;
}

/**
 * The largest number of completion tokens, at most `limit`, whose total charge stays within the budget:
 * the exact inverse of `chargeOf`. Null when the usage before the completion already exceeds the budget.
 */
export function maxCompletionTokensFor({ budgetWei, price, usage, limit }: CompletionBudget): number | null {
  const fits = (completionTokens: number): boolean => {
    const after = addUsage(usage, { promptTokens: 0n, completionTokens: BigInt(completionTokens) });
    return totalWei(chargeOf(after, price)) <= budgetWei;
  };
  if (fits(limit)) return limit;
  if (!fits(0)) return null;
  // The charge never falls as tokens grow, so bisection is exact: `low` fits, `high` does not.
  let low = 0;
  let high = limit;
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
