import type { JsonObject } from '@dcml/core';
import type { ChargeEvent, ModelEvent, ReceiptEvent } from './receipt-events.ts';

function encodeModel(event: ModelEvent): JsonObject {
  return {
    type: event.type,
    model: event.model,
    weights: event.weights,
    tokenizer: event.tokenizer,
    chat_template: event.chatTemplate,
    configuration: event.configuration,
    quantization: event.quantization,
    adapter: event.adapter,
    engine: event.engine,
  };
}

function encodeCharge(event: ChargeEvent): JsonObject {
  return {
    type: event.type,
    chain_id: event.chainId,
    contract: event.contract,
    channel_id: event.channelId,
    price: {
      owner_prompt_per_mtok: event.price.ownerPromptPerMTok.toString(),
      owner_completion_per_mtok: event.price.ownerCompletionPerMTok.toString(),
      host_prompt_per_mtok: event.price.hostPromptPerMTok.toString(),
      host_completion_per_mtok: event.price.hostCompletionPerMTok.toString(),
    },
    authorized: event.authorizedWei.toString(),
    request_owner: event.requestOwnerWei.toString(),
    request_host: event.requestHostWei.toString(),
    charged_owner: event.chargedOwnerWei.toString(),
    charged_host: event.chargedHostWei.toString(),
    prompt_tokens_total: event.promptTokensTotal.toString(),
    completion_tokens_total: event.completionTokensTotal.toString(),
  };
}

/** The wire form of an event. */
export function encodeEvent(event: ReceiptEvent): JsonObject {
  switch (event.type) {
    case 'request.received':
    case 'request.forwarded':
    case 'response.returned':
      return { type: event.type, body_hash: event.bodyHash };
    case 'dcml.model':
      return encodeModel(event);
    case 'dcml.usage':
      return {
        type: event.type,
        prompt_tokens: event.promptTokens,
        completion_tokens: event.completionTokens,
      };
    case 'dcml.charge':
      return encodeCharge(event);
    case 'dcml.counter':
      return { type: event.type, boot_id: event.bootId, sequence: event.sequence };
    case 'dcml.platform':
      return { type: event.type, tee_type: event.teeType, simulated: event.simulated };
    case 'dcml.completion':
      return { type: event.type, finish: event.finish };
    case 'other':
      return event.raw;
  }
}
