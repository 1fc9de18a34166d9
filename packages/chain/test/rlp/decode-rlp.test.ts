import { fromHex } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRlp, type RlpItem, readRlpInteger } from '../../src/index.ts';
import { encodeRlp } from './encode-rlp.ts';

const text = (word: string): Uint8Array => new TextEncoder().encode(word);
const refusal = expect.objectContaining({ code: 'CHAIN_PROOF' });

describe('decodeRlp', () => {
  // Examples of the Ethereum documentation, "Recursive-length prefix serialization".
  it.each<[string, RlpItem]>([
    ['83646f67', text('dog')],
    ['c88363617483646f67', [text('cat'), text('dog')]],
    ['80', new Uint8Array(0)],
    ['c0', []],
    ['00', Uint8Array.of(0)],
    ['0f', Uint8Array.of(15)],
    ['820400', Uint8Array.of(4, 0)],
    ['c7c0c1c0c3c0c1c0', [[], [[]], [[], [[]]]]],
    [
      'b8384c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e7365637465747572206164697069736963696e6720656c6974',
      text('Lorem ipsum dolor sit amet, consectetur adipisicing elit'),
    ],
  ])('reads %s', (hex, item) => {
    expect(decodeRlp(fromHex(hex))).toEqual(item);
  });

  it.each([
    ['', 'ends too early'],
    ['8100', 'single byte in long form'],
    ['8261', 'longer than what is left'],
    ['b801ff', 'short length in long form'],
    ['b90038', 'length has a leading zero'],
    ['bb', 'ends inside a length'],
    ['bf0000000000000001', 'length is too large'],
    ['8080', '1 unexplained bytes'],
    ['c181', 'longer than what is left'],
    ['c5c4c3c2c1c0', 'nested too deeply'],
    ['f801', 'short length in long form'],
  ])('refuses %s: %s', (hex, message) => {
    const decode = (): RlpItem => decodeRlp(fromHex(hex));
    expect(decode).toThrow(message);
    expect(decode).toThrow(refusal);
  });

  it('reads back what an encoder wrote, and nothing else reads as the same', () => {
    const tree = fc.letrec<{ item: RlpItem }>((tie) => ({
      item: fc.oneof(
        { maxDepth: 3 },
        fc.uint8Array({ maxLength: 80 }),
        fc.array(tie('item'), { maxLength: 4 }),
      ),
    })).item;
    fc.assert(
      fc.property(tree, fc.nat(), fc.integer({ min: 1, max: 255 }), (item, position, flip) => {
        const encoded = encodeRlp(item);
        expect(decodeRlp(encoded)).toEqual(item);
        const changed = Uint8Array.from(encoded);
        changed[position % changed.length]! ^= flip;
        let other: RlpItem;
        try {
          other = decodeRlp(changed);
        } catch (error) {
          expect(error).toEqual(refusal);
          return;
        }
        // Canonical: whatever is accepted is exactly what an encoder would write for it.
        expect(encodeRlp(other)).toEqual(changed);
      }),
    );
  });
});

it('integers are in shortest form and bounded', () => {
  expect(readRlpInteger(new Uint8Array(0), 'n', 8)).toBe(0n);
  expect(readRlpInteger(Uint8Array.of(1, 0), 'n', 8)).toBe(256n);
  expect(() => readRlpInteger(Uint8Array.of(0), 'n', 8)).toThrow(refusal);
  expect(() => readRlpInteger(new Uint8Array(9).fill(1), 'n', 8)).toThrow(refusal);
});
