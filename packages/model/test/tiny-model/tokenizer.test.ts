import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromByteLetters, toByteLetters } from '../../../../scripts/tiny-model/byte-alphabet.ts';
import { decodeGguf } from '../../../../scripts/tiny-model/read-gguf.ts';
import { createTokenizer } from '../../../../scripts/tiny-model/tokenizer.ts';
import { trainBpe } from '../../../../scripts/tiny-model/train-bpe.ts';
import { tinyModelPath } from '../../src/node/index.ts';

describe('byte letters', () => {
  it('are the alphabet of GPT-2: space is U+0120, newline U+010A, printable bytes themselves', () => {
    expect(toByteLetters(' \nA~\u007f')).toBe('\u0120\u010aA~\u0121');
  });

  it('go there and back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(new TextDecoder().decode(fromByteLetters(toByteLetters(text)))).toBe(text);
      }),
    );
    expect(() => fromByteLetters('\u0200')).toThrow(RangeError);
  });
});

describe('trainBpe', () => {
  it('merges the most frequent pair first and no pair that occurs once', () => {
    expect(trainBpe(['ab ab ab bc bc x'], 10)).toEqual([
      ['a', 'b'],
      ['b', 'c'],
      ['\u0120', 'ab'],
      ['\u0120', 'bc'],
    ]);
  });
});

describe('tokenizer', () => {
  const { tokenizer } = decodeGguf(readFileSync(tinyModelPath()));

  it('gives back any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
    );
  });

  it('applies merges in the order of their ranks', () => {
    const small = createTokenizer([
      ['b', 'c'],
      ['a', 'b'],
    ]);
    expect(small.encode('abc').map((id) => small.tokens[id])).toEqual(['a', 'bc']);
  });
});
