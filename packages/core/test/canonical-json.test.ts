import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalizeJson, canonicalJsonBytes } from '../src/canonical-json.ts';
import { type JsonValue, parseJson } from '../src/json.ts';

const badJson = expect.objectContaining({ code: 'CORE_JSON' });

describe('RFC 8785', () => {
  it('section 3.2.2: serialization sample', () => {
    const input = `{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalizeJson(parseJson(input))).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('section 3.2.3: keys sort by UTF-16 code units', () => {
    const input = `{
      "\\u20ac": "Euro Sign",
      "\\r": "Carriage Return",
      "\\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\\ud83d\\ude00": "Emoji: Grinning Face",
      "\\u0080": "Control",
      "\\u00f6": "Latin Small Letter O With Diaeresis"
    }`;
    expect([...canonicalizeJson(parseJson(input)).matchAll(/:"([^"]*)"/g)].map((found) => found[1])).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('appendix B: double %s is %s', (bits, text) => {
    expect(canonicalizeJson(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text);
  });

  it.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])(
    'appendix B: double %s has no form (CORE_JSON)',
    (bits) => {
      expect(() => canonicalizeJson(Buffer.from(bits, 'hex').readDoubleBE())).toThrow(badJson);
    },
  );
});

describe('canonicalizeJson', () => {
  it('ignores the order and the white space of the input', () => {
    expect(canonicalizeJson(parseJson(' { "b" : [ ] , "a" : { } } '))).toBe('{"a":{},"b":[]}');
    expect(canonicalizeJson({ b: 1, a: 2 })).toBe(canonicalizeJson({ a: 2, b: 1 }));
  });

  it('is stable: its own text canonicalizes to itself', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        let text: string;
        try {
          text = canonicalizeJson(value as JsonValue);
        } catch (error) {
          // Lone surrogates come up now and then.
          expect(error).toMatchObject({ code: 'CORE_JSON' });
          return;
        }
        expect(canonicalizeJson(JSON.parse(text) as JsonValue)).toBe(text);
        expect(new TextDecoder().decode(canonicalJsonBytes(value as JsonValue))).toBe(text);
      }),
    );
  });

  it.each<[string, unknown]>([
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udfff': 1 }],
    ['NaN', [Number.NaN]],
    ['undefined', undefined],
    ['a hole', new Array(2)],
    ['an undefined item', [undefined]],
    ['a bigint', { a: 1n }],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['bytes', new Uint8Array(2)],
    ['a date', { at: new Date(0) }],
    ['a map', new Map()],
  ])('refuses %s (CORE_JSON)', (_, value) => {
    expect(() => canonicalizeJson(value as JsonValue)).toThrow(badJson);
  });

  it('leaves out members that are undefined, and takes objects without a prototype', () => {
    const value = Object.assign(Object.create(null), { a: 1, b: undefined }) as JsonValue;
    expect(canonicalizeJson(value)).toBe('{"a":1}');
  });
});
