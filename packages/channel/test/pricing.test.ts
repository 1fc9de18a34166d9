import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addCharge,
  addUsage,
  chargeOf,
  maxCompletionTokensFor,
  NO_CHARGE,
  NO_USAGE,
  subtractCharge,
  totalWei,
} from '../src/pricing.ts';
import type { Usage } from '../src/types.ts';
import { anyPrice, wholePrice } from './channel-fixtures.ts';

const tokens = fc.bigInt({ min: 0n, max: 1n << 40n });
const anyUsage: fc.Arbitrary<Usage> = fc.record({ promptTokens: tokens, completionTokens: tokens });
const smallPart = fc.bigInt({ min: 0n, max: 3_000_000n });
const fractionalPrice = fc.record({
  ownerPromptPerMTok: smallPart,
  ownerCompletionPerMTok: smallPart,
  hostPromptPerMTok: smallPart,
  hostCompletionPerMTok: smallPart,
});

describe('chargeOf', () => {
  it('charges tokens times price per million, apart for owner and host', () => {
    expect(chargeOf({ promptTokens: 10n, completionTokens: 5n }, wholePrice)).toEqual({
      ownerWei: 20n,
      hostWei: 50n,
    });
    expect(chargeOf(NO_USAGE, wholePrice)).toEqual(NO_CHARGE);
  });

  it('rounds down by less than one wei for each receiver', () => {
    fc.assert(
      fc.property(anyUsage, anyPrice, (usage, price) => {
        const { ownerWei, hostWei } = chargeOf(usage, price);
        const { promptTokens: p, completionTokens: c } = usage;
        const ownerMicro = p * price.ownerPromptPerMTok + c * price.ownerCompletionPerMTok;
        const hostMicro = p * price.hostPromptPerMTok + c * price.hostCompletionPerMTok;
        for (const [wei, micro] of [
          [ownerWei, ownerMicro],
          [hostWei, hostMicro],
        ] as const) {
          expect(wei * 1_000_000n <= micro && micro < (wei + 1n) * 1_000_000n).toBe(true);
        }
      }),
    );
  });

  it('never accumulates rounding: however usage is cut, the parts add up to the whole', () => {
    fc.assert(
      fc.property(fc.array(anyUsage, { maxLength: 12 }), fractionalPrice, (parts, price) => {
        let used = NO_USAGE;
        let paid = NO_CHARGE;
        for (const part of parts) {
          const after = addUsage(used, part);
          paid = addCharge(paid, subtractCharge(chargeOf(after, price), chargeOf(used, price)));
          used = after;
        }
        expect(paid).toEqual(chargeOf(used, price));
      }),
    );
  });
});

describe('maxCompletionTokensFor', () => {
  it('is the exact inverse of chargeOf: it fits, one more does not', () => {
    const limits = fc.oneof(fc.integer({ min: 0, max: 4096 }), fc.integer({ min: 0, max: 2 ** 45 }));
    const budgets = fc.oneof(fc.bigInt({ min: 0n, max: 10_000n }), fc.bigInt({ min: 0n, max: 1n << 100n }));
    fc.assert(
      fc.property(
        budgets,
        fc.oneof(fractionalPrice, anyPrice),
        anyUsage,
        limits,
        (budgetWei, price, usage, limit) => {
          const cost = (completion: number): bigint =>
            totalWei(
              chargeOf(addUsage(usage, { promptTokens: 0n, completionTokens: BigInt(completion) }), price),
            );
          const most = maxCompletionTokensFor({ budgetWei, price, usage, limit });
          if (most === null) {
            expect(cost(0)).toBeGreaterThan(budgetWei);
          } else {
            expect(most).toBeLessThanOrEqual(limit);
            expect(cost(most)).toBeLessThanOrEqual(budgetWei);
            if (most < limit) expect(cost(most + 1)).toBeGreaterThan(budgetWei);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('reaches the limit when completions are free', () => {
    const price = { ...wholePrice, ownerCompletionPerMTok: 0n, hostCompletionPerMTok: 0n };
    expect(maxCompletionTokensFor({ budgetWei: 0n, price, usage: NO_USAGE, limit: 7 })).toBe(7);
  });
});
