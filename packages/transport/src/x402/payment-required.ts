import { asChannelId, type ChannelId, Fields, type JsonObject } from '@dcml/core';
import { encodeHeader, parseHeader, readVersion } from './header-json.ts';
import { encodeTerms, type PaymentTerms, readTerms } from './payment-terms.ts';

export const paymentRequiredHeader = 'PAYMENT-REQUIRED';

/** Smallest units per million tokens; the same shape as the channel's `PriceTerms`. */
export interface PaymentPrice {
  readonly ownerPromptPerMTok: bigint;
  readonly ownerCompletionPerMTok: bigint;
  readonly hostPromptPerMTok: bigint;
  readonly hostCompletionPerMTok: bigint;
}

/** Where a channel stands when a request is refused. */
export interface ChannelShortfall {
  readonly channelId: ChannelId;
  readonly authorizedWei: bigint;
  readonly chargedWei: bigint;
  readonly reservedWei: bigint;
  readonly depositWei: bigint;
  /** The voucher that would be enough. */
  readonly requiredMaxClaimableWei: bigint;
}

/** What a 402 says. */
export interface PaymentDemand {
  /** The URL that was asked for. */
  readonly resourceUrl: string;
  readonly error: string;
  readonly terms: PaymentTerms;
  /** The channel's price; null when the request named no channel that the enclave serves. */
  readonly price: PaymentPrice | null;
  /** Null likewise. */
  readonly shortfall: ChannelShortfall | null;
}

function encodePrice(price: PaymentPrice): JsonObject {
  return {
    owner_prompt_per_mtok: price.ownerPromptPerMTok.toString(),
    owner_completion_per_mtok: price.ownerCompletionPerMTok.toString(),
    host_prompt_per_mtok: price.hostPromptPerMTok.toString(),
    host_completion_per_mtok: price.hostCompletionPerMTok.toString(),
  };
}

function readPrice(fields: Fields): PaymentPrice {
  const price = {
    ownerPromptPerMTok: fields.decimal('owner_prompt_per_mtok'),
    ownerCompletionPerMTok: fields.decimal('owner_completion_per_mtok'),
    hostPromptPerMTok: fields.decimal('host_prompt_per_mtok'),
    hostCompletionPerMTok: fields.decimal('host_completion_per_mtok'),
  };
  fields.done();
  return price;
}

function encodeShortfall(shortfall: ChannelShortfall): JsonObject {
  return {
    channel_id: shortfall.channelId,
    authorized: shortfall.authorizedWei.toString(),
    charged: shortfall.chargedWei.toString(),
    reserved: shortfall.reservedWei.toString(),
    deposit: shortfall.depositWei.toString(),
    required_max_claimable: shortfall.requiredMaxClaimableWei.toString(),
  };
}

function readShortfall(extra: Fields): ChannelShortfall | null {
  if (!extra.has('channel_id')) return null;
  return {
    channelId: asChannelId(extra.string('channel_id', 66)),
    authorizedWei: extra.decimal('authorized'),
    chargedWei: extra.decimal('charged'),
    reservedWei: extra.decimal('reserved'),
    depositWei: extra.decimal('deposit'),
    requiredMaxClaimableWei: extra.decimal('required_max_claimable'),
  };
}

/** The value of `PAYMENT-REQUIRED`: an x402 v2 `PaymentRequired` with one way to pay. */
export function encodePaymentRequired(demand: PaymentDemand): string {
  const shortfall = demand.shortfall === null ? {} : encodeShortfall(demand.shortfall);
  const price = demand.price === null ? {} : { price: encodePrice(demand.price) };
  return encodeHeader({
    x402Version: 2,
    error: demand.error,
    resource: { url: demand.resourceUrl },
    accepts: [encodeTerms(demand.terms, { ...shortfall, ...price })],
  });
}

/** Throws `TRANSPORT_PAYMENT_HEADER`. */
export function parsePaymentRequired(header: string): PaymentDemand {
  return parseHeader(paymentRequiredHeader, header, (fields) => {
    readVersion(fields);
    fields.optional('extensions');
    const resource = fields.object('resource');
    const resourceUrl = resource.string('url');
    resource.done();
    const error = fields.string('error');
    // A list of one: the enclave takes nothing but its own scheme.
    const accepts = fields.array('accepts', 1);
    const accepted = new Fields(accepts[0], 'accepts[0]');
    const terms = readTerms(accepted);
    const extra = accepted.object('extra');
    const shortfall = readShortfall(extra);
    const price = extra.has('price') ? readPrice(extra.object('price')) : null;
    extra.done();
    accepted.done();
    fields.done();
    return { resourceUrl, error, terms, price, shortfall };
  });
}
