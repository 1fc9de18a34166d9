import { concatBytes, digestText, encodeUtf8, sha256 } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReceiptStreamReader, encodeReceiptComment, type ReceiptStreamEnd } from '../src/index.ts';

const receipt = encodeUtf8('{"receipt_id":"rcpt-1"}');
const answer = 'data: {"choices":[]}\n\n: keep-alive\n\ndata: {"x":": dcml-receipt "}\n\ndata: [DONE]\n\n';

function read(chunks: readonly Uint8Array[]): { answer: string; end: ReceiptStreamEnd } {
  const reader = createReceiptStreamReader();
  const parts = chunks.map((chunk) => reader.push(chunk));
  const end = reader.finish();
  return { answer: new TextDecoder().decode(concatBytes(...parts)), end };
}

const readText = (text: string): ReturnType<typeof read> => read([encodeUtf8(text)]);
const incomplete = expect.objectContaining({ code: 'TRANSPORT_STREAM_INCOMPLETE' });
const trailing = expect.objectContaining({ code: 'TRANSPORT_STREAM_TRAILING' });

describe('receipt stream reader', () => {
  it('hands on the answer, hashes exactly it, and finds the receipt', () => {
    const { answer: text, end } = readText(answer + encodeReceiptComment(receipt));
    expect(text).toBe(answer);
    expect(end.receipt).toEqual(receipt);
    expect(end.bodyHash).toBe(digestText(sha256(encodeUtf8(answer))));
    expect(end.bodyBytes).toBe(encodeUtf8(answer).length);
  });

  it('gives the same result whatever the pieces: property', () => {
    const wire = encodeUtf8(answer + encodeReceiptComment(receipt));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < wire.length; i++) {
          const size = sizes[i % sizes.length]!;
          chunks.push(wire.subarray(at, at + size));
          at += size;
        }
        expect(read(chunks)).toEqual(read([wire]));
      }),
    );
  });

  it('hands on every byte at once unless it may begin the receipt', () => {
    const reader = createReceiptStreamReader();
    expect(reader.push(encodeUtf8('data: hel')).length).toBe(9);
    expect(reader.push(encodeUtf8('lo\n\n: dcml-rec')).length).toBe(4);
    expect(new TextDecoder().decode(reader.push(encodeUtf8('ord\n')))).toBe(': dcml-record\n');
    expect(new TextDecoder().decode(reader.push(encodeUtf8('::: dcml-receipt x\n')))).toBe(
      '::: dcml-receipt x\n',
    );
  });

  it('reads all three line ends of event streams', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const body = `data: 1${end}${end}data: [DONE]${end}${end}`;
      expect(readText(`${body}${encodeReceiptComment(receipt)}`).answer).toBe(body);
    }
  });

  it('stream cut at any byte before the end of the receipt: TRANSPORT_STREAM_INCOMPLETE', () => {
    const wire = encodeUtf8(answer + encodeReceiptComment(receipt));
    for (let length = 0; length < wire.length - 2; length++) {
      expect(() => read([wire.subarray(0, length)])).toThrow(incomplete);
    }
    expect(read([wire.subarray(0, wire.length - 1)]).end.receipt).toEqual(receipt);
  });

  it('a receipt before data: [DONE], a second one, or data after the end: TRANSPORT_STREAM_TRAILING', () => {
    const comment = encodeReceiptComment(receipt);
    expect(() => readText(`data: 1\n\n${comment}`)).toThrow(trailing);
    expect(() => readText(`data: [DONE] \n\n${comment}`)).toThrow(trailing);
    expect(() => readText(`${answer}data: more\n\n${comment}`)).toThrow(trailing);
    expect(() => readText(`${answer}: comment\n\n${comment}`)).toThrow(trailing);
    expect(() => readText(`${answer}${comment}${comment}`)).toThrow(trailing);
    expect(() => readText(`${answer}${comment}data: more\n\n`)).toThrow(trailing);
  });

  it('a receipt that is not base64url of text, or too long: TRANSPORT_STREAM_TRAILING', () => {
    for (const bad of ['A', 'AB==', '_w', 'a b', 'é']) {
      expect(() => readText(`${answer}: dcml-receipt ${bad}\n\n`)).toThrow(trailing);
    }
    const reader = createReceiptStreamReader({ maxReceiptLength: 4 });
    expect(() => reader.push(encodeUtf8(answer + encodeReceiptComment(receipt)))).toThrow(trailing);
  });
});
