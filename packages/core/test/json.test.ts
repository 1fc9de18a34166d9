import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonValue, parseJson } from '../src/json.ts';

const badJson = expect.objectContaining({ code: 'CORE_JSON' });
const limit = expect.objectContaining({ code: 'CORE_JSON_LIMIT' });

describe('parseJson accepts what RFC 8259 says', () => {
  it.each<[string, JsonValue]>([
    [' null\n', null],
    ['\t true\r', true],
    ['false', false],
    ['0', 0],
    ['-0', -0],
    ['-12.5e+2', -1250],
    ['1E-2', 0.01],
    ['1e400'.replace('400', '308'), 1e308],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['""', ''],
    ['"\\u00e9\\n\\/\\\\\\"\\b\\f\\r\\t"', 'é\n/\\"\b\f\r\t'],
    ['"\\ud83d\\ude00"', '😀'],
    ['"\u2028\u007f"', '\u2028\u007f'],
    ['[]', []],
    ['[ 1 , [ ] ]', [1, []]],
    ['{}', {}],
    ['{"a":{"a":1},"":2}', { a: { a: 1 }, '': 2 }],
    ['{"constructor":1,"toString":2}', { constructor: 1, toString: 2 } as unknown as JsonValue],
  ])('%s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it('whatever JSON.stringify writes', () => {
    const wellFormed = (value: unknown): boolean => JSON.stringify(value)?.includes('__proto__') === false;
    fc.assert(
      fc.property(fc.jsonValue().filter(wellFormed), (value) => {
        const text = JSON.stringify(value);
        let parsed: JsonValue;
        try {
          parsed = parseJson(text);
        } catch (error) {
          // JSON.stringify writes some doubles as integers that other readers would not keep.
          expect(text).toMatch(/[0-9]{16}/);
          expect(error).toMatchObject({ code: 'CORE_JSON' });
          return;
        }
        expect(JSON.stringify(parsed)).toBe(text);
      }),
    );
  });
});

describe('parseJson refuses (CORE_JSON)', () => {
  it.each([
    // Syntax.
    '',
    ' ',
    'nul',
    'True',
    'undefined',
    'NaN',
    'Infinity',
    '-',
    '+1',
    '01',
    '-01',
    '1.',
    '.5',
    '1e',
    '1e+',
    '0x10',
    '1_000',
    '1 2',
    '{} {}',
    '[1,]',
    '[,1]',
    '[1 2]',
    '[',
    '[1',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,}',
    '{,}',
    '{a:1}',
    "{'a':1}",
    '{"a" 1}',
    '{1:1}',
    '[1}',
    '{"a":1]',
    '// 1',
    '/* */ 1',
    '\ufeff1',
    '\u00a01',
    '\v1',
    // Strings.
    '"',
    '"a',
    '"\\"',
    '"\\',
    '"\\x41"',
    '"\\u12"',
    '"\\u12g4"',
    '"\\a"',
    '"\n"',
    '"\u0000"',
    '"\u001f"',
    '"\t"',
    // What two readers may read differently.
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\ud800"',
    '{"\\ud800":1}',
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"__proto__":1}',
    '{"\\u005f_proto__":1}',
    '1e400',
    '-1e400',
    '9007199254740992',
    '-9007199254740992',
    '100000000000000000000',
  ])('%j', (text) => {
    expect(() => parseJson(text)).toThrow(badJson);
  });

  it('a document cut at any character', () => {
    const text = '{"a":[1.5,true,null,"x\\u00e9"],"b":{"c":"\\\\"}}';
    for (let length = 0; length < text.length; length++) {
      expect(() => parseJson(text.slice(0, length))).toThrow(badJson);
    }
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('and says where', () => {
    expect(() => parseJson('[1, x]')).toThrow(expect.objectContaining({ details: { offset: 4 } }));
    expect(() => parseJson('["\\ud800"]')).toThrow(expect.objectContaining({ details: { offset: 1 } }));
  });

  it('what JSON.parse refuses, for any text near JSON', () => {
    const nearJson = fc
      .array(
        fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          '"',
          ':',
          ',',
          '\\',
          'u',
          '0',
          '1',
          '-',
          '.',
          'e',
          'true',
          ' ',
          'a',
        ),
        {
          maxLength: 12,
        },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(nearJson, (text) => {
        let ours: JsonValue;
        try {
          ours = parseJson(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORE_JSON' });
          return;
        }
        expect(ours).toEqual(JSON.parse(text));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseJson limits (CORE_JSON_LIMIT)', () => {
  it('length', () => {
    expect(parseJson('[1]', { maxLength: 3, maxDepth: 1 })).toEqual([1]);
    expect(() => parseJson('[1] ', { maxLength: 3, maxDepth: 1 })).toThrow(limit);
  });

  it('depth', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseJson(nested(32))).toBeDefined();
    expect(parseJson(`${'{"a":'.repeat(32)}1${'}'.repeat(32)}`)).toBeDefined();
    expect(() => parseJson(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`)).toThrow(limit);
    expect(() => parseJson(nested(34))).toThrow(limit);
  });

  it('a nesting bomb fails as soon as it is too deep', () => {
    expect(() => parseJson('['.repeat(1 << 20))).toThrow(limit);
  });

  it('long strings neither overflow a stack nor take more than linear time', () => {
    const long = 'x\\n'.repeat(1 << 20);
    expect(parseJson(`"${long}"`, { maxLength: 1 << 24, maxDepth: 1 })).toHaveLength(2 << 20);
    expect(() => parseJson(`"${long}`, { maxLength: 1 << 24, maxDepth: 1 })).toThrow(badJson);
  });
});
