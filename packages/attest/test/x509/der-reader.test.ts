import { encodeUtf8, fromHex, toHex } from '@dcml/core';
import { derBoolean, derInteger, derOid, derSequence, derTime } from '@dcml/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader, derTags } from '../../src/x509/der-reader.ts';
import {
  readBoolean,
  readOctetBits,
  readOid,
  readSmallInteger,
  readTime,
  readUnsigned,
} from '../../src/x509/der-values.ts';

const reader = (hex: string): DerReader => new DerReader(fromHex(hex), 'test');
const refusal = { code: 'ATTEST_FORMAT' };

describe('DerReader', () => {
  it('reads content of any length in shortest form', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const element = derSequence(new Uint8Array(length));
      const whole = new DerReader(element, 'test');
      expect(whole.read(derTags.sequence, 'content').rest()).toHaveLength(length);
      whole.end();
    }
  });

  it.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['a length beyond the end', '3002ff'],
    ['an indefinite length', '3080'],
    ['a padded length', '30810100'],
    ['a padded length of two bytes', `3082007f${'00'.repeat(127)}`],
    ['a length of four bytes', '308400000001ff'],
    ['another tag', '310100'],
  ])('refuses %s', (_what, hex) => {
    expect(() => reader(hex).read(derTags.sequence, 'content')).toThrow(expect.objectContaining(refusal));
  });

  it('refuses bytes left over, with their offset', () => {
    const rest = reader('300000');
    rest.read(derTags.sequence, 'content');
    expect(() => rest.end()).toThrow('1 unexplained bytes at offset 2');
  });
});

describe('DER values', () => {
  it('reads integers in shortest form', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
        const read = readSmallInteger(new DerReader(derInteger(value), 'test'), 'number', 0xffffffff);
        expect(read).toBe(value);
      }),
    );
    expect(toHex(readUnsigned(reader('02020080'), 'number'))).toBe('0080');
    for (const hex of ['0200', '020180', '02020001', '0202007f']) {
      expect(() => readUnsigned(reader(hex), 'number'), hex).toThrow(expect.objectContaining(refusal));
    }
    expect(() => readSmallInteger(reader('020110'), 'number', 15)).toThrow('larger than 15');
    expect(() => readSmallInteger(reader('0206010000000000'), 'number', 1e15)).toThrow('too large');
  });

  it('reads object identifiers', () => {
    // X.690 section 8.19.5: {2 999 3} is 88 37 03.
    expect(readOid(reader('0603883703'), 'id')).toBe('2.999.3');
    const arcs = fc.array(fc.integer({ min: 0, max: 2 ** 31 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(arcs, (rest) => {
        const dotted = `1.2.${rest.join('.')}`;
        expect(readOid(new DerReader(derOid(dotted), 'test'), 'id')).toBe(dotted);
      }),
    );
    for (const hex of ['0600', '060180', '06022a80', '06032a8001', `060a2a${'ff'.repeat(9)}`]) {
      expect(() => readOid(reader(hex), 'id'), hex).toThrow(expect.objectContaining(refusal));
    }
  });

  it('reads booleans and bit strings of whole bytes', () => {
    expect(readBoolean(new DerReader(derBoolean(true), 'test'), 'flag')).toBe(true);
    expect(readBoolean(new DerReader(derBoolean(false), 'test'), 'flag')).toBe(false);
    for (const hex of ['010101', '0100', '0102ffff']) {
      expect(() => readBoolean(reader(hex), 'flag'), hex).toThrow(expect.objectContaining(refusal));
    }
    expect(toHex(readOctetBits(reader('0302000f'), 'bits'))).toBe('0f');
    for (const hex of ['0300', '0302040f']) {
      expect(() => readOctetBits(reader(hex), 'bits'), hex).toThrow(expect.objectContaining(refusal));
    }
  });

  it('reads both times of certificates, and no other form', () => {
    for (const text of [
      '1970-01-01T00:00:00Z',
      '2049-12-31T23:59:59Z',
      '2050-01-01T00:00:00Z',
      '2024-02-29T12:00:00Z',
    ]) {
      expect(readTime(new DerReader(derTime(Date.parse(text)), 'test'), 'time')).toBe(Date.parse(text));
    }
    const time = (tag: number, text: string): DerReader =>
      new DerReader(Uint8Array.of(tag, text.length, ...encodeUtf8(text)), 'test');
    // As in certificates of NVIDIA, which RFC 5280 would have as a UTCTime.
    expect(readTime(time(0x18, '20231031000000Z'), 'time')).toBe(Date.parse('2023-10-31T00:00:00Z'));
    const refused: [number, string][] = [
      [0x17, '250230000000Z'],
      [0x17, '2501010000Z'],
      [0x17, '250101000000+0000'],
      [0x17, '250101240000Z'],
      [0x17, '250101006000Z'],
      [0x17, '251301000000Z'],
      [0x18, '20250230000000Z'],
      [0x18, '20510101000000.5Z'],
      [0x13, '250101000000Z'],
    ];
    for (const [tag, text] of refused) {
      expect(() => readTime(time(tag, text), 'time'), text).toThrow(expect.objectContaining(refusal));
    }
  });
});
