import { canonicalizeJson, decodeUtf8, type JsonObject, type JsonValue } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildReceipt,
  findEvent,
  parseReceipt,
  type ReceiptEvent,
  receiptFromJson,
  receiptSigningBytes,
  signReceipt,
} from '../src/index.ts';
import { charge, content, events, signed, signer } from './fixtures.ts';

const refused = expect.objectContaining({ code: 'RECEIPT_DOCUMENT' });

/** Every path to a member of a document. */
function paths(value: JsonValue, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    [...path, name],
    ...paths(member as JsonValue, [...path, name]),
  ]);
}

function changed(document: JsonObject, path: readonly string[], value: JsonValue | undefined): JsonValue {
  const copy = structuredClone(document) as Record<string, unknown>;
  let at = copy;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
  const last = path.at(-1)!;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy as JsonObject;
}

describe('receipt document (aci/1 section 7.3)', () => {
  it('round trips: content, document and bytes', async () => {
    const { receipt, bytes } = await signed();
    const parsed = parseReceipt(decodeUtf8(bytes));
    expect(parsed).toEqual(receipt);
    expect(parsed).toMatchObject(content());
    expect(canonicalizeJson(parsed.document)).toBe(decodeUtf8(bytes));
  });

  it('keeps the amounts exact: property', async () => {
    const wei = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
    await fc.assert(
      fc.asyncProperty(wei, wei, wei, async (authorizedWei, chargedOwnerWei, promptTokensTotal) => {
        const event = { ...charge, authorizedWei, chargedOwnerWei, promptTokensTotal };
        const { bytes } = await signed({ events: events({ charge: event }) });
        expect(findEvent(parseReceipt(decodeUtf8(bytes)), 'dcml.charge')).toEqual(event);
      }),
      { numRuns: 30 },
    );
  });

  it('signs the document without its signature', async () => {
    const { receipt } = await signed();
    expect(receiptSigningBytes(receipt.document)).toEqual(receiptSigningBytes(buildReceipt(content())));
  });

  it('keeps events of others as they are', async () => {
    const raw = { type: 'upstream.verified', result: 'verified', nested: [{ a: null }] };
    const other: ReceiptEvent[] = [...events(), { type: 'other', raw }, { type: 'other', raw }];
    const { receipt } = await signed({ events: other });
    expect(receipt.events.slice(-2)).toEqual([
      { type: 'other', raw },
      { type: 'other', raw },
    ]);
  });

  it('is refused with any member missing, null or of another type: RECEIPT_DOCUMENT', async () => {
    const { document } = (await signed()).receipt;
    const nullable = new Set([
      'chat_id',
      'model',
      'tokenizer',
      'chat_template',
      'configuration',
      'quantization',
      'adapter',
    ]);
    for (const path of paths(document)) {
      const where = path.join('.');
      const isItem = /^[0-9]+$/.test(path.at(-1)!);
      if (!isItem) expect(() => receiptFromJson(changed(document, path, undefined)), where).toThrow(refused);
      if (!nullable.has(path.at(-1)!) || path.length > 3) {
        const wasNull = path.length === 3 && nullable.has(path.at(-1)!);
        if (!wasNull) expect(() => receiptFromJson(changed(document, path, null)), where).toThrow(refused);
      }
      expect(() => receiptFromJson(changed(document, path, 0.5)), where).toThrow(refused);
      expect(() => receiptFromJson(changed(document, path, [[]])), where).toThrow(refused);
    }
  });

  it('is refused with a member that nobody knows, at the top and in known events', async () => {
    const { document } = (await signed()).receipt;
    expect(() => receiptFromJson(changed(document, ['surprise'], 1))).toThrow(refused);
    for (let index = 0; index < events().length; index++) {
      expect(() => receiptFromJson(changed(document, ['event_log', String(index), 'surprise'], 1))).toThrow(
        refused,
      );
    }
    expect(() => receiptFromJson(changed(document, ['event_log', '4', 'price', 'surprise'], 1))).toThrow(
      refused,
    );
  });

  it('is refused when request.received is not first, or an event stands twice', () => {
    const [received, ...rest] = events();
    for (const wrong of [[], rest, [...rest, received!], [...events(), received!], [...events(), charge]]) {
      expect(() => buildReceipt(content({ events: wrong }))).toThrow(refused);
    }
  });

  it('JSON tricks: duplicate keys, floats, lone surrogates, __proto__, size and depth', async () => {
    const text = decodeUtf8((await signed()).bytes);
    for (const trick of [
      text.replace('"model":"demo"', '"model":"other","model":"demo"'),
      text.replace('"model":"demo"', '"model":"other","m\\u006fdel":"demo"'),
      text.replace('"served_at":1790000000', '"served_at":1790000000.5'),
      text.replace('"served_at":1790000000', '"served_at":1e400'),
      text.replace('"model":"demo"', '"model":"\\ud800"'),
      text.replace('"model":"demo"', '"__proto__":{},"model":"demo"'),
      `${text} x`,
      text.slice(0, -1),
      `${' '.repeat(300_000)}${text}`,
      '['.repeat(100),
      '',
    ]) {
      expect(() => parseReceipt(trick)).toThrow(refused);
    }
  });

  it('floats are refused even in events that nobody knows', () => {
    const other = (value: number): ReceiptEvent => ({ type: 'other', raw: { type: 'x', list: [{ value }] } });
    expect(() => buildReceipt(content({ events: [...events(), other(0.1)] }))).toThrow(refused);
    expect(() => buildReceipt(content({ events: [...events(), other(1)] }))).not.toThrow();
  });

  it('a signer that returns no signature: RECEIPT_SIGNER', async () => {
    const signing = signReceipt(buildReceipt(content()), (message) => signer.sign(message).subarray(1));
    await expect(signing).rejects.toThrow(expect.objectContaining({ code: 'RECEIPT_SIGNER' }));
  });
});
