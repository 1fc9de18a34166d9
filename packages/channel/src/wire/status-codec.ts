import { Fields, type JsonObject, type JsonValue } from '@dcml/core';
import type { ChannelStatus } from '../types.ts';
import { encodeCount, readAmount, readChannelId, readCount } from './chain-values.ts';

export function encodeChannelStatus(status: ChannelStatus): JsonObject {
  return {
    channel_id: status.channelId,
    status: status.status,
    deposit: String(status.depositWei),
    authorized: String(status.authorizedWei),
    charged_owner: String(status.charge.ownerWei),
    charged_host: String(status.charge.hostWei),
    prompt_tokens: encodeCount(status.usage.promptTokens),
    completion_tokens: encodeCount(status.usage.completionTokens),
    in_flight: status.inFlight,
  };
}

/** Syntax only; `PayerLedger.resync` judges it. Throws `CORE_FIELD`. */
export function decodeChannelStatus(json: JsonValue | undefined, path = 'status'): ChannelStatus {
  const fields = new Fields(json, path);
  const status: ChannelStatus = {
    channelId: readChannelId(fields, 'channel_id'),
    status: fields.oneOf('status', ['open', 'closed']),
    depositWei: readAmount(fields, 'deposit'),
    authorizedWei: readAmount(fields, 'authorized'),
    charge: {
      ownerWei: readAmount(fields, 'charged_owner'),
      hostWei: readAmount(fields, 'charged_host'),
    },
    usage: {
      promptTokens: readCount(fields, 'prompt_tokens'),
      completionTokens: readCount(fields, 'completion_tokens'),
    },
    inFlight: fields.integer('in_flight', 0, Number.MAX_SAFE_INTEGER),
  };
  fields.done();
  return status;
}
