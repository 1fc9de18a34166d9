import { asAddress, asChannelId, asModelHash, Fields, type JsonObject, type JsonValue } from '@dcml/core';
import { ReceiptError } from './receipt-error.ts';
import type { ChargeEvent, ModelEvent, ReceiptEvent, ReceiptPrice } from './receipt-events.ts';
import { asDigestText, readDigest, readHex, readNullable } from './text-forms.ts';

const MAX_TOKENS = Number.MAX_SAFE_INTEGER;

function readModel(fields: Fields): ModelEvent {
  const digestOrNull = (name: string): ReturnType<typeof readDigest> | null =>
    readNullable(fields, name, () => readDigest(fields, name));
  return {
    type: 'dcml.model',
    model: asModelHash(fields.string('model', 66)),
    weights: fields.array('weights', 1024).map((digest) => {
      if (typeof digest !== 'string') throw new ReceiptError('RECEIPT_DOCUMENT', 'weights: expected strings');
      return asDigestText(digest, 'weights');
    }),
    tokenizer: digestOrNull('tokenizer'),
    chatTemplate: digestOrNull('chat_template'),
    configuration: digestOrNull('configuration'),
    quantization: readNullable(fields, 'quantization', () => fields.string('quantization', 256)),
    adapter: digestOrNull('adapter'),
    engine: fields.string('engine', 256),
  };
}

function readPrice(fields: Fields): ReceiptPrice {
  const price = {
    ownerPromptPerMTok: fields.decimal('owner_prompt_per_mtok'),
    ownerCompletionPerMTok: fields.decimal('owner_completion_per_mtok'),
    hostPromptPerMTok: fields.decimal('host_prompt_per_mtok'),
    hostCompletionPerMTok: fields.decimal('host_completion_per_mtok'),
  };
  fields.done();
  return price;
}

function readCharge(fields: Fields): ChargeEvent {
  return {
    type: 'dcml.charge',
    chainId: fields.integer('chain_id', 1, Number.MAX_SAFE_INTEGER),
    contract: asAddress(fields.string('contract', 42)),
    channelId: asChannelId(fields.string('channel_id', 66)),
    price: readPrice(fields.object('price')),
    authorizedWei: fields.decimal('authorized'),
    requestOwnerWei: fields.decimal('request_owner'),
    requestHostWei: fields.decimal('request_host'),
    chargedOwnerWei: fields.decimal('charged_owner'),
    chargedHostWei: fields.decimal('charged_host'),
    promptTokensTotal: fields.decimal('prompt_tokens_total'),
    completionTokensTotal: fields.decimal('completion_tokens_total'),
  };
}

function readKnown(type: string, fields: Fields): ReceiptEvent | null {
  switch (type) {
    case 'request.received':
    case 'request.forwarded':
    case 'response.returned':
      return { type, bodyHash: readDigest(fields, 'body_hash') };
    case 'dcml.model':
      return readModel(fields);
    case 'dcml.usage':
      return {
        type,
        promptTokens: fields.integer('prompt_tokens', 0, MAX_TOKENS),
        completionTokens: fields.integer('completion_tokens', 0, MAX_TOKENS),
      };
    case 'dcml.charge':
      return readCharge(fields);
    case 'dcml.counter':
      return {
        type,
        bootId: readHex(fields, 'boot_id', 32),
        sequence: fields.integer('sequence', 0, Number.MAX_SAFE_INTEGER),
      };
    case 'dcml.platform':
      return { type, teeType: fields.string('tee_type', 64), simulated: fields.boolean('simulated') };
    case 'dcml.completion':
      return { type, finish: fields.oneOf('finish', ['complete', 'aborted', 'error']) };
    default:
      return null;
  }
}

/** An event from parsed JSON: known types strictly, others kept as they are. Throws `CORE_FIELD`, `RECEIPT_DOCUMENT`. */
export function eventFromJson(value: JsonValue, index: number): ReceiptEvent {
  const fields = new Fields(value, `event_log[${index}]`);
  const known = readKnown(fields.string('type', 256), fields);
  if (known === null) return { type: 'other', raw: value as JsonObject };
  fields.done();
  return known;
}
