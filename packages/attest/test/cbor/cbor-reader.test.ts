import { fromHex, toHex } from '@dcml/core';
import { cborArray, cborBytes, cborHead, cborMap, cborText, cborUnsigned } from '@dcml/testing';
import { decode, encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CborReader } from '../../src/cbor/cbor-reader.ts';

const refusal = { code: 'ATTEST_FORMAT' };
type Value = number | string | Uint8Array | null | Value[] | Map<string | number, Value>;

/** Reads whatever comes, by the typed methods. */
function readAny(reader: CborReader, depth = 0): Value {
  if (depth > 8) return reader.fail('too deep');
  if (reader.takeNull()) return null;
  const type = reader.peek();
  if (type === 'unsigned') return reader.unsigned('number', Number.MAX_SAFE_INTEGER);
  if (type === 'bytes') return reader.bytes('bytes', 0, 1000);
  if (type === 'text') return reader.text('text', 0, 1000);
  if (type === 'array') {
    return Array.from({ length: reader.array('array', 0, 100) }, () => readAny(reader, depth + 1));
  }
  if (type !== 'map') return reader.fail('nothing that is read');
  const map = new Map<string | number, Value>();
  const readKey = (): string | number =>
    reader.peek() === 'text' ? reader.text('key', 0, 100) : reader.unsigned('key', 1000);
  reader.map('map', 100, readKey, (key) => map.set(key, readAny(reader, depth + 1)));
  return map;
}

function readAll(bytes: Uint8Array): Value {
  const reader = new CborReader(bytes, 'test');
  const value = readAny(reader);
  reader.end();
  return value;
}

const strict = { strict: true, rejectDuplicateMapKeys: true, useMaps: true, allowIndefinite: false } as const;
const reader = (hex: string): CborReader => new CborReader(fromHex(hex), 'test');

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.maxSafeNat(),
    fc.nat({ max: 300 }),
    fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => text.isWellFormed()),
    fc.uint8Array({ maxLength: 300 }),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(fc.oneof(fc.nat({ max: 1000 }), fc.string({ maxLength: 8 })), tie('value')), {
        maxLength: 5,
        selector: ([key]) => key,
      })
      .map((entries) => new Map(entries)),
  ),
})).value;

describe('strict CBOR', () => {
  it('reads what cborg writes', () => {
    fc.assert(
      fc.property(value, (expected) => {
        const written = encode(expected);
        expect(toHex(encode(readAll(written)))).toBe(toHex(written));
      }),
    );
  });

  it('reads nothing that cborg, strict, does not read as the same', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(value, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([written, at, mask]) => {
        const mutated = Uint8Array.from(encode(written));
        mutated[at % mutated.length] = mutated[at % mutated.length]! ^ mask;
        return mutated;
      }),
    );
    let read = 0;
    fc.assert(
      fc.property(bytes, (candidate) => {
        let own: Value;
        try {
          own = readAll(candidate);
        } catch (error) {
          expect(['ATTEST_FORMAT', 'CORE_ENCODING']).toContain((error as { code: string }).code);
          return;
        }
        read++;
        expect(toHex(encode(decode(candidate, strict)))).toBe(toHex(encode(own)));
        expect(toHex(candidate)).toBe(toHex(reencode(own)));
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(30);
  });

  it('refuses every truncation', () => {
    fc.assert(
      fc.property(value, (written) => {
        const bytes = encode(written);
        for (let length = 0; length < bytes.length; length++) {
          expect(() => readAll(bytes.slice(0, length))).toThrow();
        }
      }),
      { numRuns: 50 },
    );
  });

  // RFC 8949 appendix A where a vector is one of ours.
  it('reads the vectors of RFC 8949', () => {
    for (const [hex, expected] of [
      ['00', 0],
      ['17', 23],
      ['1818', 24],
      ['190100', 256],
      ['1a000f4240', 1_000_000],
      ['1b000000e8d4a51000', 1_000_000_000_000],
      ['f6', null],
      ['60', ''],
      ['62c3bc', 'ü'],
      ['64f0908591', '\u{10151}'],
      ['80', []],
      ['8301820203820405', [1, [2, 3], [4, 5]]],
    ] as const) {
      expect(readAll(fromHex(hex))).toEqual(expected);
    }
    expect(readAll(fromHex('a26161016162820203'))).toEqual(
      new Map<string, Value>([
        ['a', 1],
        ['b', [2, 3]],
      ]),
    );
  });

  it.each([
    ['1817', 'not in shortest form'],
    ['1900ff', 'not in shortest form'],
    ['1a0000ffff', 'not in shortest form'],
    ['1b00000000ffffffff', 'not in shortest form'],
    ['5801ff', 'not in shortest form'],
    ['1b0020000000000000', 'larger than 2^53'],
    ['1c', 'reserved length'],
    ['1d', 'reserved length'],
    ['1e', 'reserved length'],
    ['1f', 'indefinite length'],
    ['5f4101ff', 'indefinite length'],
    ['7f6161ff', 'indefinite length'],
    ['9f01ff', 'indefinite length'],
    ['bf616101ff', 'indefinite length'],
    ['20', 'nothing that is read'],
    ['c001', 'nothing that is read'],
    ['f4', 'nothing that is read'],
    ['f7', 'nothing that is read'],
    ['f93c00', 'nothing that is read'],
    ['fb3ff199999999999a', 'nothing that is read'],
    ['ff', 'nothing that is read'],
    ['a2616101616102', 'twice'],
    ['a201010102', 'twice'],
    ['a1f601', 'expected key'],
    ['4201', 'longer than what holds it'],
    ['19', 'longer than what holds it'],
    ['0000', '1 unexplained bytes'],
    ['', 'nothing that is read'],
  ])('refuses %s: %s', (hex, problem) => {
    expect(() => readAll(fromHex(hex))).toThrow(
      expect.objectContaining({ ...refusal, message: expect.stringContaining(problem) }),
    );
  });

  it('keeps to the bounds of its caller, and names the offset in the whole', () => {
    const cases: readonly (readonly [() => unknown, string])[] = [
      [() => reader('1818').unsigned('n', 23), 'n is larger than 23 at offset 0'],
      [() => reader('4101').bytes('b', 2, 3), 'b has 1 bytes, not 2 to 3'],
      [() => reader('4401020304').bytes('b', 2, 3), 'b has 4 bytes, not 2 to 3'],
      [() => reader('83010203').array('a', 0, 2), 'a has 3 items, not 0 to 2'],
      [() => reader('c101').takeTag(18), 'tag is not 18'],
      [
        () => new CborReader(fromHex('20'), 'test', 100).unsigned('n', 1),
        'expected n (unsigned) at offset 100',
      ],
    ];
    for (const [read, problem] of cases) {
      expect(read).toThrow(
        expect.objectContaining({
          ...refusal,
          message: `test: ${problem}${problem.includes(' at ') ? '' : ' at offset 0'}`,
        }),
      );
    }
    expect(reader('01').takeTag(18)).toBe(false);
    expect(() => reader('61ff').text('t', 0, 1)).toThrow(expect.objectContaining({ code: 'CORE_ENCODING' }));
  });

  it('takes a map of indefinite length where its caller says so', () => {
    const read = (hex: string): number[] => {
      const keys: number[] = [];
      const map = reader(hex);
      map.map(
        'm',
        2,
        () => map.unsigned('key', 9),
        (key) => keys.push(key, map.unsigned('value', 9)),
        true,
      );
      map.end();
      return keys;
    };
    expect(read('bf01020304ff')).toEqual([1, 2, 3, 4]);
    expect(read('a201020304')).toEqual([1, 2, 3, 4]);
    expect(read('bfff')).toEqual([]);
    for (const hex of ['bf010203', 'bf0102', 'bf01ff', 'bf010203040506ff', 'bf01020103ff', 'bf0102ffff']) {
      expect(() => read(hex), hex).toThrow(expect.objectContaining(refusal));
    }
  });
});

/** The one encoding of a value, keys in the order of the map. */
function reencode(item: Value): Uint8Array {
  if (item === null) return Uint8Array.of(0xf6);
  if (typeof item === 'number') return cborUnsigned(item);
  if (typeof item === 'string') return cborText(item);
  if (item instanceof Uint8Array) return cborBytes(item);
  if (Array.isArray(item)) return item.length === 0 ? cborHead(4, 0) : cborArray(...item.map(reencode));
  return cborMap([...item].map(([key, inner]) => [reencode(key), reencode(inner)]));
}
