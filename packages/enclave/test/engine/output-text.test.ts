import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incompleteTail, longestStart, OutputText } from '../../src/engine/llama/output-text.ts';
import type { TokenPiece } from '../../src/engine/llama/vocabulary.ts';

function piece(bytes: Uint8Array): TokenPiece {
  const text = Buffer.from(bytes).toString('utf8');
  return { bytes, text: text.includes('\ufffd') ? null : text };
}

function pieces(text: string, cuts: readonly number[]): TokenPiece[] {
  const bytes = Buffer.from(text);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const out: TokenPiece[] = [];
  let start = 0;
  for (const end of [...ends, bytes.length]) {
    out.push(piece(bytes.subarray(start, end)));
    start = end;
  }
  return out;
}

describe('OutputText', () => {
  it('never gives out half a character, wherever tokens cut it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.nat()), (text, cuts) => {
        fc.pre(!text.includes('\ufffd') && text.isWellFormed());
        const output = new OutputText([]);
        let got = '';
        for (const one of pieces(text, cuts)) {
          const part = output.push(one);
          expect(part).not.toContain('\ufffd');
          got += part;
        }
        expect(got + output.finish()).toBe(text);
      }),
    );
  });

  it('drops the half of a character that the answer ends with', () => {
    const output = new OutputText([]);
    expect(output.push(piece(Buffer.from('é').subarray(0, 1)))).toBe('');
    expect(output.finish()).toBe('');
    expect(output.delivered).toBe(0);
  });

  it('gives out exactly the text before the first stop, wherever tokens cut it', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 40 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(letters, stops, fc.array(fc.nat()), (text, words, cuts) => {
        const output = new OutputText(words);
        let got = '';
        for (const one of pieces(text, cuts)) {
          got += output.push(one);
          if (output.stopped) break;
        }
        got += output.finish();
        // The stop that is complete first wins; among those that end together the one that begins first.
        let expected = text;
        for (let end = 1; end <= text.length && expected === text; end++) {
          const found = words
            .filter((word) => text.slice(0, end).endsWith(word))
            .map((word) => end - word.length);
          if (found.length > 0) expected = text.slice(0, Math.min(...found));
        }
        const later = words.map((word) => text.indexOf(word)).filter((at) => at !== -1);
        const earliest = later.length === 0 ? text : text.slice(0, Math.min(...later));
        expect([expected, earliest]).toContain(got);
        expect(words.every((word) => !got.includes(word))).toBe(true);
      }),
    );
  });

  it('counts a token as delivered only when all of its text is out', () => {
    const output = new OutputText(['END']);
    expect(output.push(piece(Buffer.from('a')))).toBe('a');
    expect(output.delivered).toBe(1);
    expect(output.push(piece(Buffer.from('E')))).toBe('');
    expect(output.push(piece(Buffer.from('N')))).toBe('');
    expect(output.delivered).toBe(1);
    expect(output.push(piece(Buffer.from('x')))).toBe('ENx');
    expect(output.delivered).toBe(4);
    output.push(piece(Buffer.from('E')));
    output.push(piece(Buffer.from('ND')));
    expect(output.stopped).toBe(true);
    expect(output.finish()).toBe('');
    expect(output.delivered).toBe(4);
  });
});

describe('incompleteTail', () => {
  it('counts the bytes of every cut of every length of character', () => {
    for (const character of ['a', 'é', '€', '😀']) {
      const bytes = Buffer.from(character);
      for (let cut = 1; cut < bytes.length; cut++) expect(incompleteTail(bytes.subarray(0, cut))).toBe(cut);
      expect(incompleteTail(bytes)).toBe(0);
    }
    expect(incompleteTail(Uint8Array.of(0x80, 0x80, 0x80))).toBe(0);
  });
});

describe('longestStart', () => {
  it('finds the longest end that could become a word', () => {
    expect(longestStart('say EN', ['END', 'N'])).toBe(2);
    expect(longestStart('aab', ['aabc', 'bx'])).toBe(3);
    expect(longestStart('none', ['xyz'])).toBe(0);
  });
});
