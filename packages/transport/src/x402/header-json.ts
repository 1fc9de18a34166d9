import { decodeUtf8, encodeUtf8, Fields, fromBase64, type JsonObject, parseJson, toBase64 } from '@dcml/core';
import { TransportError } from '../transport-error.ts';

const MAX_HEADER_LENGTH = 8192;

export function encodeHeader(value: JsonObject): string {
  return toBase64(encodeUtf8(JSON.stringify(value)));
}

/** Reads a header with `read`; whatever is wrong with it becomes one `TRANSPORT_PAYMENT_HEADER`. */
export function parseHeader<Value>(name: string, text: string, read: (fields: Fields) => Value): Value {
  if (text.length > MAX_HEADER_LENGTH) {
    throw new TransportError('TRANSPORT_PAYMENT_HEADER', `${name} is over ${MAX_HEADER_LENGTH} characters`);
  }
  try {
    const fields = new Fields(parseJson(decodeUtf8(fromBase64(text, name))), name);
    return read(fields);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'not readable';
    throw new TransportError('TRANSPORT_PAYMENT_HEADER', why, { cause });
  }
}

/** `x402Version` must be there and be 2. */
export function readVersion(fields: Fields): void {
  fields.integer('x402Version', 2, 2);
}
