import { Fields, type JsonObject, type JsonValue } from '@dcml/core';
import { MAX_UINT32 } from '../abi-words.ts';
import { assertChannelConfig } from '../config.ts';
import type { ChannelConfig, PriceTerms } from '../types.ts';
import { readAddress, readAmount, readChallenge, readModel } from './chain-values.ts';

export function encodePriceTerms(price: PriceTerms): JsonObject {
  return {
    owner_prompt_per_mtok: String(price.ownerPromptPerMTok),
    owner_completion_per_mtok: String(price.ownerCompletionPerMTok),
    host_prompt_per_mtok: String(price.hostPromptPerMTok),
    host_completion_per_mtok: String(price.hostCompletionPerMTok),
  };
}

/** Throws `CORE_FIELD`. */
export function decodePriceTerms(json: JsonValue | undefined, path = 'price'): PriceTerms {
  const fields = new Fields(json, path);
  const price: PriceTerms = {
    ownerPromptPerMTok: readAmount(fields, 'owner_prompt_per_mtok'),
    ownerCompletionPerMTok: readAmount(fields, 'owner_completion_per_mtok'),
    hostPromptPerMTok: readAmount(fields, 'host_prompt_per_mtok'),
    hostCompletionPerMTok: readAmount(fields, 'host_completion_per_mtok'),
  };
  fields.done();
  return price;
}

export function encodeChannelConfig(config: ChannelConfig): JsonObject {
  return {
    payer: config.payer,
    payer_authorizer: config.payerAuthorizer,
    host: config.host,
    owner: config.owner,
    model: config.model,
    token: config.token,
    enclave_key: config.enclaveKey,
    challenge: config.challenge,
    price: encodePriceTerms(config.price),
    close_window_seconds: config.closeWindowSeconds,
  };
}

/** Throws `CORE_FIELD`, and `CHANNEL_CONFIG` where no such channel can exist. */
export function decodeChannelConfig(json: JsonValue | undefined, path = 'config'): ChannelConfig {
  const fields = new Fields(json, path);
  const config: ChannelConfig = {
    payer: readAddress(fields, 'payer'),
    payerAuthorizer: readAddress(fields, 'payer_authorizer'),
    host: readAddress(fields, 'host'),
    owner: readAddress(fields, 'owner'),
    model: readModel(fields, 'model'),
    token: readAddress(fields, 'token'),
    enclaveKey: readAddress(fields, 'enclave_key'),
    challenge: readChallenge(fields, 'challenge'),
    price: decodePriceTerms(fields.required('price'), `${path}.price`),
    closeWindowSeconds: fields.integer('close_window_seconds', 0, MAX_UINT32),
  };
  fields.done();
  assertChannelConfig(config);
  return config;
}
