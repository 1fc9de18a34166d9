import {
  canonicalJsonBytes,
  type DigestText,
  Fields,
  type JsonObject,
  type JsonValue,
  parseJson,
  toHex,
} from '@dcml/core';
import { encodeEvent } from './encode-event.ts';
import { eventFromJson } from './parse-event.ts';
import { ReceiptError, readAs } from './receipt-error.ts';
import type { ReceiptEvent, ReceiptEventOf, ReceiptEventType } from './receipt-events.ts';
import { aciVersion } from './report.ts';
import { readDigest, readHex, readNullable } from './text-forms.ts';

/** What a receipt says (aci/1 section 7.3). */
export interface ReceiptContent {
  readonly receiptId: string;
  /** `id` of the answer. */
  readonly chatId: string | null;
  /** The model id that the client asked for. */
  readonly model: string | null;
  readonly keysetDigest: DigestText;
  /** For example `/v1/chat/completions`. */
  readonly endpoint: string;
  readonly method: string;
  /** Unix seconds. */
  readonly servedAt: number;
  readonly events: readonly ReceiptEvent[];
  /** Names the signing key in the keyset. */
  readonly keyId: string;
}

export interface Receipt extends ReceiptContent {
  /** 64 bytes, lowercase hex. */
  readonly signature: string;
  /** The whole document as parsed: what is archived and sent. */
  readonly document: JsonObject;
}

/** A receipt before its signature. */
export type UnsignedReceipt = JsonObject;

/** The document to sign. Throws `RECEIPT_DOCUMENT` for content that could not be parsed again. */
export function buildReceipt(content: ReceiptContent): UnsignedReceipt {
  const document: JsonObject = {
    api_version: aciVersion,
    receipt_id: content.receiptId,
    chat_id: content.chatId,
    model: content.model,
    workload_keyset_digest: content.keysetDigest,
    endpoint: content.endpoint,
    method: content.method,
    served_at: content.servedAt,
    event_log: content.events.map(encodeEvent),
    key_id: content.keyId,
  };
  readContent(document, 'receipt');
  return document;
}

/** RFC 8785 form of the document without its `signature` (aci/1 section 7.2). Throws `CORE_JSON`. */
export function receiptSigningBytes(document: JsonObject): Uint8Array<ArrayBuffer> {
  const { signature: _, ...unsigned } = document;
  return canonicalJsonBytes(unsigned);
}

export interface SignedReceipt {
  readonly receipt: Receipt;
  /** The canonical JSON of the whole document: what is delivered. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Signs with the enclave's ed25519 receipt key (RFC 8032). Throws `RECEIPT_SIGNER`. */
export async function signReceipt(
  unsigned: UnsignedReceipt,
  sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): Promise<SignedReceipt> {
  const signature = await sign(receiptSigningBytes(unsigned));
  if (signature.length !== 64) {
    throw new ReceiptError('RECEIPT_SIGNER', `receipt signature: expected 64 bytes, got ${signature.length}`);
  }
  const document: JsonObject = { ...unsigned, signature: toHex(signature) };
  return { receipt: receiptFromJson(document), bytes: canonicalJsonBytes(document) };
}

/** Appendix A of aci/1: numbers are integers. A fraction would be a second way to write or round a value. */
function assertIntegers(value: JsonValue, path: string): void {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value))
      throw new ReceiptError('RECEIPT_DOCUMENT', `${path}: expected an integer`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value))
      assertIntegers(member as JsonValue, `${path}.${name}`);
  }
}

function readContent(document: JsonValue, path: string): { content: ReceiptContent; fields: Fields } {
  assertIntegers(document, path);
  const fields = new Fields(document, path);
  fields.oneOf('api_version', [aciVersion]);
  const events = fields.array('event_log', 64).map(eventFromJson);
  const content: ReceiptContent = {
    receiptId: fields.string('receipt_id', 256),
    chatId: readNullable(fields, 'chat_id', () => fields.string('chat_id', 256)),
    model: readNullable(fields, 'model', () => fields.string('model', 512)),
    keysetDigest: readDigest(fields, 'workload_keyset_digest'),
    endpoint: fields.string('endpoint', 256),
    method: fields.string('method', 16),
    servedAt: fields.integer('served_at', 0, Number.MAX_SAFE_INTEGER),
    events,
    keyId: fields.string('key_id', 256),
  };
  const known = events.map((event) => event.type).filter((type) => type !== 'other');
  if (new Set(known).size !== known.length) {
    throw new ReceiptError('RECEIPT_DOCUMENT', `${path}.event_log: an event stands twice`);
  }
  if (known[0] !== 'request.received' || events[0]?.type !== 'request.received') {
    throw new ReceiptError('RECEIPT_DOCUMENT', `${path}.event_log: the first event is not request.received`);
  }
  return { content, fields };
}

/** A receipt from parsed JSON. Throws `RECEIPT_DOCUMENT`. */
export function receiptFromJson(value: JsonValue): Receipt {
  return readAs('RECEIPT_DOCUMENT', () => {
    const { content, fields } = readContent(value, 'receipt');
    const signature = readHex(fields, 'signature', 64);
    fields.done();
    return { ...content, signature, document: value as JsonObject };
  });
}

/** A receipt as delivered, in any JSON encoding without duplicate keys. Throws `RECEIPT_DOCUMENT`. */
export function parseReceipt(text: string): Receipt {
  return receiptFromJson(
    readAs('RECEIPT_DOCUMENT', () => parseJson(text, { maxLength: 256 << 10, maxDepth: 16 })),
  );
}

/** The receipt's event of one type, or undefined. */
export function findEvent<Type extends ReceiptEventType>(
  receipt: Pick<ReceiptContent, 'events'>,
  type: Type,
): ReceiptEventOf<Type> | undefined {
  return receipt.events.find((event): event is ReceiptEventOf<Type> => event.type === type);
}
