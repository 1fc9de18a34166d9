import { CoreError, Fields, type JsonObject, type JsonValue } from '@dcml/core';
import type { PayerState } from '../payer-ledger.ts';
import type { Usage } from '../types.ts';
import { encodeCount, readAmount, readChannelId, readCount } from './chain-values.ts';

function encodeUsage(usage: Usage): JsonObject {
  return {
    prompt_tokens: encodeCount(usage.promptTokens),
    completion_tokens: encodeCount(usage.completionTokens),
  };
}

function readUsage(fields: Fields): Usage {
  const usage = {
    promptTokens: readCount(fields, 'prompt_tokens'),
    completionTokens: readCount(fields, 'completion_tokens'),
  };
  fields.done();
  return usage;
}

/** The payer's stored state; never on the wire. */
export function encodePayerState(state: PayerState): JsonObject {
  return {
    channel_id: state.channelId,
    deposit: String(state.depositWei),
    authorized: String(state.authorizedWei),
    usage: encodeUsage(state.usage),
    in_flight: Object.entries(state.inFlight).map(([id, maximum]) => ({
      id: Number(id),
      maximum: encodeUsage(maximum),
    })),
    next_request_id: state.nextRequestId,
  };
}

/** Throws `CORE_FIELD`: a damaged state must not be mistaken for one that signed less. */
export function decodePayerState(json: JsonValue | undefined, path = 'state'): PayerState {
  const fields = new Fields(json, path);
  const channelId = readChannelId(fields, 'channel_id');
  const depositWei = readAmount(fields, 'deposit');
  const authorizedWei = readAmount(fields, 'authorized');
  if (authorizedWei > depositWei)
    throw new CoreError('CORE_FIELD', `${path}.authorized: exceeds the deposit`);
  const usage = readUsage(fields.object('usage'));
  const nextRequestId = fields.integer('next_request_id', 1, Number.MAX_SAFE_INTEGER);
  const inFlight: Record<string, Usage> = {};
  fields.array('in_flight', 100_000).forEach((item, index) => {
    const entry = new Fields(item, `${path}.in_flight[${index}]`);
    const id = String(entry.integer('id', 1, nextRequestId - 1));
    if (inFlight[id] !== undefined) throw new CoreError('CORE_FIELD', `${entry.path}.id: occurs twice`);
    inFlight[id] = readUsage(entry.object('maximum'));
    entry.done();
  });
  fields.done();
  return { channelId, depositWei, authorizedWei, usage, inFlight, nextRequestId };
}
