import type { Claim } from '@dcml/attest';
import { claim, compared } from './claims.ts';
import type { ChargeEvent, ReceiptPrice, UsageEvent } from './receipt-events.ts';

const TOKENS_PER_PRICE = 1_000_000n;

interface Split {
  readonly owner: bigint;
  readonly host: bigint;
}

/** The price of cumulative usage, rounded down once for each receiver (docs/protocol/channel.md). */
function priceOf(promptTokens: bigint, completionTokens: bigint, price: ReceiptPrice): Split {
  const part = (perPrompt: bigint, perCompletion: bigint): bigint =>
    (promptTokens * perPrompt + completionTokens * perCompletion) / TOKENS_PER_PRICE;
  return {
    owner: part(price.ownerPromptPerMTok, price.ownerCompletionPerMTok),
    host: part(price.hostPromptPerMTok, price.hostCompletionPerMTok),
  };
}

function totalsClaim(charge: ChargeEvent): Claim {
  const due = priceOf(charge.promptTokensTotal, charge.completionTokensTotal, charge.price);
  return compared(
    'charge_totals',
    due.owner === charge.chargedOwnerWei && due.host === charge.chargedHostWei,
    `the channel's tokens cost ${due.owner} (owner) and ${due.host} (host)`,
    `the channel's tokens cost ${due.owner} and ${due.host}, charged ${charge.chargedOwnerWei} and ${charge.chargedHostWei}`,
  );
}

function requestClaim(charge: ChargeEvent, usage: UsageEvent | undefined): Claim {
  const name = 'charge_request';
  if (usage === undefined)
    return claim(name, 'unknown', 'the receipt does not state the usage of the request');
  const promptBefore = charge.promptTokensTotal - BigInt(usage.promptTokens);
  const completionBefore = charge.completionTokensTotal - BigInt(usage.completionTokens);
  if (promptBefore < 0n || completionBefore < 0n) {
    return claim(name, 'fail', 'the request has more tokens than the whole channel');
  }
  const before = priceOf(promptBefore, completionBefore, charge.price);
  const owner = charge.chargedOwnerWei - before.owner;
  const host = charge.chargedHostWei - before.host;
  return compared(
    name,
    owner === charge.requestOwnerWei && host === charge.requestHostWei,
    `the request's tokens add ${owner} (owner) and ${host} (host)`,
    `the request's tokens add ${owner} and ${host}, stated are ${charge.requestOwnerWei} and ${charge.requestHostWei}`,
  );
}

/** The arithmetic of a charge: price times totals, the request's difference, and never above the authorization. */
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
