import { concatBytes, decodeUtf8, encodeUtf8 } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DoneHoldback } from '../src/done-holdback.ts';

/** Feeds `text` cut at the given lengths; what left before the end and what was kept. */
function feed(text: string, cuts: readonly number[]): { before: string; kept: string } {
  const bytes = encodeUtf8(text);
  const holdback = new DoneHoldback();
  const out: Uint8Array[] = [];
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    out.push(holdback.push(bytes.subarray(at, at + cut)).slice());
    at = Math.min(bytes.length, at + cut);
  }
  return { before: decodeUtf8(concatBytes(...out)), kept: decodeUtf8(holdback.release()) };
}

describe('DoneHoldback', () => {
  it.each([
    ['data: {}\n\ndata: [DONE]\n\n', 'data: {}\n\n', 'data: [DONE]\n\n'],
    ['data: [DONE]\n\n', '', 'data: [DONE]\n\n'],
    ['data: [DONE]\r\n\r\n', '', 'data: [DONE]\r\n\r\n'],
    ['data: x\r\rdata: [DONE]\r', 'data: x\r\r', 'data: [DONE]\r'],
    ['data: [DONE] \n\ndata: y\n\n', 'data: [DONE] \n\ndata: y\n\n', ''],
    ['data: [DONE', '', 'data: [DONE'],
    [' data: [DONE]\n\n', ' data: [DONE]\n\n', ''],
    ['data: {"a":"data: [DONE]"}\n\n', 'data: {"a":"data: [DONE]"}\n\n', ''],
  ])('%j', (text, before, kept) => {
    expect(feed(text, [])).toEqual({ before, kept });
  });

  it('the mark never leaves and nothing is lost, however the stream is cut', () => {
    const line = fc.constantFrom('data: {}', 'data: [DON', 'data: [DONE]x', ': c', '', 'data: [DONE ]', 'é');
    const newline = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(line, newline)),
        fc.array(fc.integer({ min: 0, max: 9 })),
        (lines, cuts) => {
          const head = lines.map(([text, end]) => text + end).join('');
          const { before, kept } = feed(`${head}data: [DONE]\n\n`, cuts);
          expect(before).toBe(head);
          expect(kept).toBe('data: [DONE]\n\n');
        },
      ),
    );
  });
});
