import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type GgufHeader,
  ggufFacts,
  ModelError,
  parseGgufHeader,
  parseGgufPrefix,
  type ReadRange,
} from '../src/index.ts';
import { tinyModelPath } from '../src/node/index.ts';
import { arrayEntry, entry, ggufBytes, sampleGguf, text, u32, u64 } from './gguf-bytes.ts';

function parse(bytes: Uint8Array): GgufHeader {
  const header = parseGgufPrefix(bytes, bytes.length);
  if (header === undefined) throw new Error('needs more bytes than there are');
  return header;
}
const expectCode = (bytes: Uint8Array, code: string, message: RegExp = /./): void => {
  expect(() => parse(bytes)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
};
const one = (key: string, ...rest: Uint8Array[]): Uint8Array[] => {
  const bytes = new Uint8Array(rest.reduce((sum, part) => sum + part.length, text(key).length));
  let at = 0;
  for (const part of [text(key), ...rest]) {
    bytes.set(part, at);
    at += part.length;
  }
  return [bytes];
};
const STRING = u32(8);
const ARRAY = u32(9);

describe('parseGgufPrefix', () => {
  it('reads metadata, tensors and facts', () => {
    const header = parse(sampleGguf());
    expect(header.metadata.get('llama.block_count')).toEqual({ type: 'uint32', value: 2 });
    expect(header.tensors).toEqual([
      { name: 'a.weight', dimensions: [4, 2], typeName: 'F32', offset: header.dataOffset, byteLength: 32 },
      { name: 'b.weight', dimensions: [3], typeName: 'F32', offset: header.dataOffset + 32, byteLength: 12 },
    ]);
    expect(ggufFacts(header)).toMatchObject({
      architecture: 'llama',
      contextTokens: 64,
      endToken: 'a',
      chatTemplate: '{{ messages }}',
    });
  });

  it('gives back every kind of value', () => {
    const plain = fc.oneof(
      fc.record({ type: fc.constant('uint8' as const), value: fc.nat(255) }),
      fc.record({ type: fc.constant('int16' as const), value: fc.integer({ min: -32768, max: 32767 }) }),
      fc.record({ type: fc.constant('uint32' as const), value: fc.nat(2 ** 32 - 1) }),
      fc.record({ type: fc.constant('uint64' as const), value: fc.bigInt(0n, 2n ** 64n - 1n) }),
      fc.record({ type: fc.constant('int64' as const), value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
      fc.record({ type: fc.constant('float32' as const), value: fc.float({ noNaN: true }) }),
      fc.record({ type: fc.constant('float64' as const), value: fc.double({ noNaN: true }) }),
      fc.record({ type: fc.constant('bool' as const), value: fc.boolean() }),
      fc.record({ type: fc.constant('string' as const), value: fc.string({ unit: 'grapheme' }) }),
    );
    fc.assert(
      fc.property(plain, fc.array(fc.string({ unit: 'grapheme' })), ({ type, value }, list) => {
        const { metadata } = parse(
          ggufBytes({ entries: [entry('k', type, value), arrayEntry('l', 'string', list)] }),
        );
        expect(metadata.get('k')).toEqual({ type, value });
        expect(metadata.get('l')).toEqual({ type: 'array', elementType: 'string', value: list });
      }),
    );
  });

  it('refuses a file cut at any byte', () => {
    const bytes = sampleGguf();
    for (let length = 0; length < bytes.length; length++) expectCode(bytes.subarray(0, length), 'MODEL_GGUF');
  });

  it('asks for more bytes while the file goes on, at any byte of the header', () => {
    const bytes = sampleGguf();
    const { dataOffset } = parse(bytes);
    for (let length = 0; length < bytes.length; length++) {
      const header = parseGgufPrefix(bytes.subarray(0, length), bytes.length);
      if (length >= dataOffset) expect(header).toEqual(parse(bytes));
    }
    expect(parseGgufPrefix(bytes.subarray(0, 100), bytes.length)).toBeUndefined();
  });

  it('throws nothing but ModelError on changed bytes', () => {
    const bytes = sampleGguf();
    const flips = fc.array(fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(flips, (list) => {
        const changed = Uint8Array.from(bytes);
        for (const { at, to } of list) changed[at] = to;
        try {
          parse(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['another magic', { magic: 'GGML' }],
    ['version 1', { version: 1 }],
    ['big-endian', { version: 0x03000000 }],
  ])('refuses %s', (_, parts) => {
    expectCode(ggufBytes(parts), 'MODEL_GGUF');
  });

  it('refuses counts that the file cannot hold', () => {
    expectCode(ggufBytes({ entryCount: 2n ** 63n }), 'MODEL_GGUF', /not possible/);
    expectCode(ggufBytes({ tensorCount: 2n ** 32n }), 'MODEL_GGUF_LIMIT');
    expectCode(ggufBytes({ entryCount: 65_537 }), 'MODEL_GGUF_LIMIT');
    expectCode(ggufBytes({ entries: one('k', STRING, u64(2n ** 40n)) }), 'MODEL_GGUF');
    expectCode(
      ggufBytes({ entries: one('k', ARRAY, u32(0), u64(1_000_000)) }),
      'MODEL_GGUF',
      /longer than the file/,
    );
    expectCode(ggufBytes({ entries: one('k', ARRAY, u32(0), u64(2n ** 40n)) }), 'MODEL_GGUF_LIMIT');
  });

  it('refuses values that are not what their type says', () => {
    expectCode(ggufBytes({ entries: one('k', u32(13)) }), 'MODEL_GGUF', /value type 13/);
    expectCode(ggufBytes({ entries: one('k', u32(7), Uint8Array.of(2)) }), 'MODEL_GGUF', /boolean/);
    expectCode(ggufBytes({ entries: one('k', STRING, u64(1), Uint8Array.of(0xff)) }), 'MODEL_GGUF', /UTF-8/);
    expectCode(ggufBytes({ entries: one('', STRING, text('x')) }), 'MODEL_GGUF', /key/);
    const twice = entry('k', 'uint8', 1);
    expectCode(ggufBytes({ entries: [twice, twice] }), 'MODEL_GGUF', /twice/);
    expectCode(ggufBytes({ entries: [entry('general.alignment', 'uint32', 24)] }), 'MODEL_GGUF', /alignment/);
  });

  it('bounds nesting', () => {
    const nested = (depth: number): Uint8Array[] => {
      const levels = Array.from({ length: depth - 1 }, () => [ARRAY, u64(1)]).flat();
      return one('k', ARRAY, ...levels, u32(0), u64(0));
    };
    expect(parse(ggufBytes({ entries: nested(4) })).metadata.size).toBe(1);
    expectCode(ggufBytes({ entries: nested(5) }), 'MODEL_GGUF_LIMIT', /depth/);
  });

  it.each([
    ['an unknown type', { type: 4 }, /unknown tensor type/],
    ['a broken block', { dimensions: [33], type: 2 }, /blocks/],
    ['no dimension', { dimensions: [] }, /dimensions/],
    ['five dimensions', { dimensions: [1, 1, 1, 1, 1] }, /dimensions/],
    ['an empty dimension', { dimensions: [0] }, /empty/],
    ['a product that overflows', { dimensions: [2 ** 40, 2 ** 40] }, /larger than the file/],
    ['an unaligned offset', { offset: 4 }, /aligned/],
    ['an offset outside', { offset: 1024 }, /outside/],
    ['a gap', { offset: 32 }, /unused|inside/],
    ['no name', { name: '' }, /name/],
  ])('refuses a tensor with %s', (_, change, message) => {
    const tensor = { name: 't', dimensions: [8], type: 0, offset: 0, ...change };
    expectCode(ggufBytes({ tensors: [tensor], data: new Uint8Array(32) }), 'MODEL_GGUF', message);
  });

  it('refuses tensors that overlap, share a name, or leave bytes behind', () => {
    const tensor = { name: 't', dimensions: [8], type: 0, offset: 0 };
    const data = new Uint8Array(64);
    expectCode(ggufBytes({ tensors: [tensor, { ...tensor, name: 'u' }], data }), 'MODEL_GGUF', /overlaps/);
    expectCode(ggufBytes({ tensors: [tensor, { ...tensor, offset: 32 }], data }), 'MODEL_GGUF', /twice/);
    expectCode(ggufBytes({ tensors: [tensor], data }), 'MODEL_GGUF', /after the last/);
  });
});

describe('parseGgufHeader', () => {
  const tiny = readFileSync(tinyModelPath());
  const read: ReadRange = (offset, length) => Promise.resolve(tiny.subarray(offset, offset + length));

  it('reads the tiny model', async () => {
    const header = await parseGgufHeader(read, tiny.length);
    expect(ggufFacts(header)).toMatchObject({
      architecture: 'llama',
      contextTokens: 2048,
      endToken: '<|im_end|>',
    });
    expect(header.dataOffset + header.tensors.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(
      tiny.length,
    );
  });

  it('stops at the header limit instead of reading on', async () => {
    const limits = {
      maxHeaderBytes: 4096,
      maxEntries: 99,
      maxTensors: 99,
      maxArrayElements: 9999,
      maxDepth: 1,
    };
    const sizes: number[] = [];
    const counted: ReadRange = (offset, length) => {
      sizes.push(length);
      return read(offset, length);
    };
    await expect(parseGgufHeader(counted, tiny.length, limits)).rejects.toMatchObject({
      code: 'MODEL_GGUF_LIMIT',
    });
    expect(sizes).toEqual([4096]);
  });

  it('refuses a source that gives fewer bytes than it claims', async () => {
    const short: ReadRange = () => Promise.resolve(tiny.subarray(0, 10));
    await expect(parseGgufHeader(short, tiny.length)).rejects.toMatchObject({ code: 'MODEL_GGUF' });
  });
});
