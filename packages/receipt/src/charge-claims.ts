import type { Claim } from '@dcml/attest';
import { claim, compared } from './claims.ts';
import type { ChargeEvent, ReceiptPrice, UsageEvent } from './receipt-events.ts';

const TOKENS_PER_PRICE = 1_000_000n;

interface Split {
  readonly owner: bigint;
  readonly host: bigint;
}

/** Millionths of the smallest unit. */
function exactPrice(promptTokens: bigint, completionTokens: bigint, price: ReceiptPrice): Split {
  return {
    owner: promptTokens * price.ownerPromptPerMTok + completionTokens * price.ownerCompletionPerMTok,
    host: promptTokens * price.hostPromptPerMTok + completionTokens * price.hostCompletionPerMTok,
  };
}

/** A channel's charge is the price of all its tokens, rounded down once for each receiver (docs/protocol/channel.md). */
function totalsClaim(charge: ChargeEvent): Claim {
  const exact = exactPrice(charge.promptTokensTotal, charge.completionTokensTotal, charge.price);
  const due = { owner: exact.owner / TOKENS_PER_PRICE, host: exact.host / TOKENS_PER_PRICE };
  return compared(
    'charge_totals',
    due.owner === charge.chargedOwnerWei && due.host === charge.chargedHostWei,
    `the channel's tokens cost ${due.owner} (owner) and ${due.host} (host)`,
    `the channel's tokens cost ${due.owner} and ${due.host}, charged ${charge.chargedOwnerWei} and ${charge.chargedHostWei}`,
  );
}

/** A difference of two rounded charges: the exact price, rounded down or up by what was charged before. */
function isRounded(amount: bigint, exact: bigint): boolean {
  const error = amount * TOKENS_PER_PRICE - exact;
  return error > -TOKENS_PER_PRICE && error < TOKENS_PER_PRICE;
}

function requestClaim(charge: ChargeEvent, usage: UsageEvent | undefined): Claim {
  const name = 'charge_request';
  if (usage === undefined)
    return claim(name, 'unknown', 'the receipt does not state the usage of the request');
  const [prompt, completion] = [BigInt(usage.promptTokens), BigInt(usage.completionTokens)];
  if (prompt > charge.promptTokensTotal || completion > charge.completionTokensTotal) {
    return claim(name, 'fail', 'the request has more tokens than the whole channel');
  }
  // Requests in flight beside this one are in the totals but not before it, so the totals do not tell its rounding.
  const exact = exactPrice(prompt, completion, charge.price);
  return compared(
    name,
    isRounded(charge.requestOwnerWei, exact.owner) && isRounded(charge.requestHostWei, exact.host),
    `${prompt} + ${completion} tokens cost ${charge.requestOwnerWei} (owner) and ${charge.requestHostWei} (host)`,
    `${charge.requestOwnerWei} and ${charge.requestHostWei} are not the price of ${prompt} + ${completion} tokens`,
  );
}

/** The arithmetic of a charge: price times totals, price times the request's tokens, never above the authorization. */
export function chargeClaims(charge: ChargeEvent | undefined, usage: UsageEvent | undefined): Claim[] {
  if (charge === undefined) {
    return ['charge_totals', 'charge_request', 'charge_authorized'].map((name) =>
      claim(name, 'unknown', 'the receipt states no charge'),
    );
  }
  const total = charge.chargedOwnerWei + charge.chargedHostWei;
  return [
    totalsClaim(charge),
    requestClaim(charge, usage),
    compared(
      'charge_authorized',
      total <= charge.authorizedWei,
      `${total} of ${charge.authorizedWei} authorized is charged`,
      `${total} is charged, only ${charge.authorizedWei} was authorized`,
    ),
  ];
}
