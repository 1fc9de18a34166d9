import {
  type ChannelDigests,
  decodeOfferRequest,
  encodePriceTerms,
  encodeSignedCloseApproval,
  encodeSignedOffer,
} from '@dcml/channel';
import { asChannelId, type JsonObject, type JsonValue } from '@dcml/core';
import { HostError } from '../host-error.ts';
import type { JsonReply, JsonRoute } from '../http/json-server.ts';
import { makeOffer, type OfferDeskOptions, priceOf } from './offer-desk.ts';
import type { ServedModel } from './served-model.ts';
import { createTermsCache, type ReadTerms } from './terms-cache.ts';

export interface PublicApiOptions extends OfferDeskOptions {
  readonly digests: ChannelDigests;
  /** Where clients reach the enclave through this host's relay; known once the relay listens. */
  enclaveUrl(): string;
  /** `IntelCollateral` as JSON, or null when there is none at hand. Clients verify it themselves. */
  collateral(signal: AbortSignal): Promise<JsonValue | null>;
}

function ok(body: JsonValue): JsonReply {
  return { status: 200, body };
}

async function describeOffer(
  served: ServedModel,
  readTerms: ReadTerms,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  const terms = await readTerms(served.model, signal);
  if (terms === null) return null;
  return {
    model: served.model,
    price: encodePriceTerms(priceOf(terms, served)),
    max_deposit: served.maxDepositWei.toString(),
  };
}

async function describeHost(
  options: PublicApiOptions,
  readTerms: ReadTerms,
  signal: AbortSignal,
): Promise<JsonReply> {
  const { chain, store } = options;
  const enclave = store.getRunningEnclave();
  const offers = await Promise.all(options.models.map((served) => describeOffer(served, readTerms, signal)));
  return ok({
    host: chain.host,
    chain_id: chain.chainId,
    channels_contract: chain.channelsContract,
    registry_contract: chain.registryContract,
    enclaves: enclave === null ? [] : [{ url: options.enclaveUrl(), models: enclave.models }],
    close_window_seconds: options.closeWindowSeconds,
    offers: offers.filter((offer) => offer !== null),
  });
}

async function giveOffer(
  body: JsonValue,
  options: PublicApiOptions,
  signal: AbortSignal,
): Promise<JsonReply> {
  const { config, depositWei } = decodeOfferRequest(body);
  const offer = await makeOffer(config, depositWei, options, signal);
  return ok(encodeSignedOffer(offer));
}

async function giveCollateral(options: PublicApiOptions, signal: AbortSignal): Promise<JsonReply> {
  const collateral = await options.collateral(signal);
  if (collateral === null) throw new HostError('HOST_COLLATERAL', 'this host has no collateral now');
  return ok(collateral);
}

/** The routes that everybody may reach (docs/protocol/http.md, "The host daemon"). */
export function createPublicRoutes(options: PublicApiOptions): readonly JsonRoute[] {
  const readTerms = createTermsCache(options.chain, options.clock);
  return [
    { method: 'GET', path: /^\/healthz$/, handle: () => ok({ ok: true }) },
    { method: 'GET', path: /^\/v1\/host$/, handle: ({ signal }) => describeHost(options, readTerms, signal) },
    {
      method: 'POST',
      path: /^\/v1\/host\/offers$/,
      handle: ({ body, signal }) => giveOffer(body, options, signal),
    },
    {
      method: 'GET',
      path: /^\/v1\/host\/collateral$/,
      handle: ({ signal }) => giveCollateral(options, signal),
    },
    {
      method: 'GET',
      path: /^\/v1\/host\/channels\/(0x[0-9a-f]{64})\/approval$/,
      handle: ({ params }) => {
        const approval = options.store.getApproval(asChannelId(params[0]!));
        if (approval === null) throw new HostError('HOST_NOT_FOUND', 'no approval for this channel here');
        return ok(encodeSignedCloseApproval(approval));
      },
    },
  ];
}
