import { Fields, type JsonObject, type JsonValue } from '@dcml/core';
import type { ChannelConfig, SignedOffer } from '../types.ts';
import { readAmount, readChannelId, readSeconds, readSignature } from './chain-values.ts';
import { decodeChannelConfig, encodeChannelConfig } from './config-codec.ts';

/** What a payer asks a host to agree to. */
export interface OfferRequest {
  readonly config: ChannelConfig;
  readonly depositWei: bigint;
}

export function encodeOfferRequest({ config, depositWei }: OfferRequest): JsonObject {
  return { config: encodeChannelConfig(config), deposit: String(depositWei) };
}

/** Throws `CORE_FIELD` or `CHANNEL_CONFIG`. */
export function decodeOfferRequest(json: JsonValue | undefined, path = 'offer'): OfferRequest {
  const fields = new Fields(json, path);
  const request: OfferRequest = {
    config: decodeChannelConfig(fields.required('config'), `${path}.config`),
    depositWei: readAmount(fields, 'deposit'),
  };
  fields.done();
  return request;
}

export function encodeSignedOffer(offer: SignedOffer): JsonObject {
  return {
    channel_id: offer.channelId,
    max_deposit: String(offer.maxDepositWei),
    expires_at: offer.expiresAt,
    host_signature: offer.hostSignature,
  };
}

/** Syntax only; `assertOffer` checks the signature. Throws `CORE_FIELD` or `CHANNEL_SIGNATURE`. */
export function decodeSignedOffer(json: JsonValue | undefined, path = 'offer'): SignedOffer {
  const fields = new Fields(json, path);
  const offer: SignedOffer = {
    channelId: readChannelId(fields, 'channel_id'),
    maxDepositWei: readAmount(fields, 'max_deposit'),
    expiresAt: readSeconds(fields, 'expires_at'),
    hostSignature: readSignature(fields, 'host_signature'),
  };
  fields.done();
  return offer;
}
