import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, fromBase64Url, toBase64, toBase64Url } from '../src/base64.ts';
import { assertLength, concatBytes, decodeUtf8, encodeUtf8, equalBytes } from '../src/bytes.ts';
import { fromHex, fromPrefixedHex, toHex, toPrefixedHex } from '../src/hex.ts';

const badEncoding = expect.objectContaining({ code: 'CORE_ENCODING' });
const anyBytes = fc.uint8Array({ maxLength: 300 });

describe('hex', () => {
  it('agrees with Buffer both ways', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = Buffer.from(bytes).toString('hex');
        expect(toHex(bytes)).toBe(text);
        expect(toPrefixedHex(bytes)).toBe(`0x${text}`);
        expect(fromHex(text)).toEqual(bytes);
        expect(fromPrefixedHex(`0x${text}`)).toEqual(bytes);
      }),
    );
  });

  it.each(['0', 'abc', 'AB', 'aB', '0g', ' 0', '0 ', '0x00', 'à0', '００'])(
    'refuses %j (CORE_ENCODING)',
    (text) => {
      expect(() => fromHex(text)).toThrow(badEncoding);
    },
  );

  it.each(['', '00', '0X00', '0x0', '0x0G', ' 0x00', '0x0x00'])(
    'refuses prefixed %j (CORE_ENCODING)',
    (text) => {
      expect(() => fromPrefixedHex(text)).toThrow(badEncoding);
    },
  );

  it('checks the length', () => {
    expect(fromHex('0001', 'id', 2)).toEqual(Uint8Array.of(0, 1));
    expect(() => fromHex('00', 'id', 2)).toThrow('id: expected 2 bytes, got 1');
    expect(() => fromPrefixedHex('0x000000', 'id', 2)).toThrow(badEncoding);
  });
});

describe('base64', () => {
  it('RFC 4648 section 10: test vectors', () => {
    for (const [plain, text] of [
      ['', ''],
      ['f', 'Zg=='],
      ['fo', 'Zm8='],
      ['foo', 'Zm9v'],
      ['foob', 'Zm9vYg=='],
      ['fooba', 'Zm9vYmE='],
      ['foobar', 'Zm9vYmFy'],
    ] as const) {
      expect(toBase64(encodeUtf8(plain))).toBe(text);
      expect(decodeUtf8(fromBase64(text))).toBe(plain);
    }
  });

  it('agrees with Buffer both ways', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const buffer = Buffer.from(bytes);
        expect(toBase64(bytes)).toBe(buffer.toString('base64'));
        expect(toBase64Url(bytes)).toBe(buffer.toString('base64url'));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
        expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
      }),
    );
  });

  it('takes more bytes than a call takes arguments', () => {
    const bytes = new Uint8Array(300_000).fill(0xfb);
    expect(fromBase64(toBase64(bytes))).toEqual(bytes);
  });

  it.each([
    'Z',
    'Zg',
    'Zg=',
    'Zg===',
    'Zh==',
    'Zm9=',
    'Zm 9v',
    'Zm9v\n',
    ' Zm9v',
    'Zm9-',
    'Zm_v',
    '====',
    'Zm9v=',
    'Zg==Zg==',
    'é===',
    '€',
  ])('refuses %j: one text per value (CORE_ENCODING)', (text) => {
    expect(() => fromBase64(text)).toThrow(badEncoding);
  });

  it.each(['Z', 'Zg==', 'Zh', 'Zm9', 'Zm+v', 'Zm/v', 'Zm9v ', 'Zm\n9v', 'ZZZZZ', '€'])(
    'refuses %j as base64url without padding (CORE_ENCODING)',
    (text) => {
      expect(() => fromBase64Url(text)).toThrow(badEncoding);
    },
  );

  it('accepts no text but the one it writes', () => {
    const alphabet = fc.constantFrom(...Array.from('ABZaz09+/=-_ \n'));
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 9 }), (chars) => {
        const text = chars.join('');
        for (const [decode, encode] of [
          [fromBase64, toBase64],
          [fromBase64Url, toBase64Url],
        ] as const) {
          let bytes: Uint8Array;
          try {
            bytes = decode(text);
          } catch (error) {
            expect(error).toMatchObject({ code: 'CORE_ENCODING' });
            continue;
          }
          expect(encode(bytes)).toBe(text);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('UTF-8', () => {
  it('round trips well-formed text, byte order marks included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text);
      }),
    );
    expect(decodeUtf8(encodeUtf8('\ufeffa'))).toBe('\ufeffa');
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['a cut sequence', [0xe2, 0x82]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['0xff', [0xff]],
  ])('refuses %s (CORE_ENCODING)', (_, bytes) => {
    expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow(badEncoding);
  });
});

describe('bytes', () => {
  it('concatBytes joins in order', () => {
    fc.assert(
      fc.property(fc.array(anyBytes, { maxLength: 5 }), (parts) => {
        expect(concatBytes(...parts)).toEqual(new Uint8Array(Buffer.concat(parts)));
      }),
    );
  });

  it('equalBytes compares every byte and the length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, mask) => {
          const changed = bytes.slice();
          changed[at % bytes.length]! ^= mask;
          expect(equalBytes(bytes, bytes.slice())).toBe(true);
          expect(equalBytes(bytes, changed)).toBe(false);
          expect(equalBytes(bytes, bytes.subarray(1))).toBe(false);
        },
      ),
    );
    expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true);
  });

  it('assertLength names what is wrong', () => {
    assertLength(new Uint8Array(2), 2, 'key');
    expect(() => assertLength(new Uint8Array(31), 32, 'key')).toThrow('key: expected 32 bytes, got 31');
    expect(() => assertLength(new Uint8Array(31), 32, 'key')).toThrow(badEncoding);
  });
});
