import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fields } from '../src/fields.ts';
import { type JsonValue, parseJson } from '../src/json.ts';

const bad = (path: string): unknown =>
  expect.objectContaining({ code: 'CORE_FIELD', message: expect.stringContaining(path), details: { path } });
const fields = (members: JsonValue): Fields => new Fields(members, 'body');

describe('Fields', () => {
  it.each<JsonValue | undefined>([null, undefined, 1, 'x', true, []])(
    'refuses %j as an object (CORE_FIELD)',
    (value) => {
      expect(() => new Fields(value, 'body')).toThrow(expect.objectContaining({ code: 'CORE_FIELD' }));
    },
  );

  it('reads each kind', () => {
    const read = fields({
      text: 'a',
      yes: true,
      half: 0.5,
      seven: 7,
      wei: '12',
      id: '0x00ff',
      kind: 'b',
      list: [1],
      inner: { deep: 1 },
      nothing: null,
    });
    expect(read.string('text')).toBe('a');
    expect(read.boolean('yes')).toBe(true);
    expect(read.number('half', 0, 1)).toBe(0.5);
    expect(read.integer('seven', 7, 7)).toBe(7);
    expect(read.decimal('wei')).toBe(12n);
    expect(read.hex('id', 2)).toBe('0x00ff');
    expect(read.oneOf('kind', ['a', 'b'])).toBe('b');
    expect(read.array('list')).toEqual([1]);
    const inner = read.object('inner');
    expect(inner.path).toBe('body.inner');
    expect(inner.required('deep')).toBe(1);
    inner.done();
    expect(read.required('nothing')).toBeNull();
    expect(read.optional('absent')).toBeUndefined();
    expect(read.has('absent')).toBe(false);
    expect(read.has('nothing')).toBe(true);
    read.done();
  });

  it('refuses a field that nobody read, whatever its name', () => {
    for (const name of ['extra', 'constructor', 'toString']) {
      const read = fields(parseJson(`{"known":1,"${name}":2}`));
      read.required('known');
      expect(() => read.done()).toThrow(bad(`body.${name}`));
    }
  });

  it('does not find inherited members', () => {
    const read = fields({});
    for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__']) {
      expect(read.has(name)).toBe(false);
      expect(read.optional(name)).toBeUndefined();
      expect(() => read.required(name)).toThrow(bad(`body.${name}`));
    }
    read.done();
  });

  it.each<[string, JsonValue, (read: Fields) => unknown]>([
    ['a missing string', {}, (read) => read.string('x')],
    ['a number as string', { x: 1 }, (read) => read.string('x')],
    ['a long string', { x: 'abc' }, (read) => read.string('x', 2)],
    ['a text as boolean', { x: 'true' }, (read) => read.boolean('x')],
    ['null as boolean', { x: null }, (read) => read.boolean('x')],
    ['a text as number', { x: '1' }, (read) => read.number('x', 0, 2)],
    ['too small', { x: -1 }, (read) => read.number('x', 0, 2)],
    ['too large', { x: 3 }, (read) => read.number('x', 0, 2)],
    ['NaN', { x: Number.NaN }, (read) => read.number('x', 0, 2)],
    ['a fraction as integer', { x: 0.5 }, (read) => read.integer('x', 0, 2)],
    ['an unsafe integer', { x: 2 ** 53 }, (read) => read.integer('x', 0, 2 ** 60)],
    ['a number as money', { x: 5 }, (read) => read.decimal('x')],
    ['empty money', { x: '' }, (read) => read.decimal('x')],
    ['leading zero', { x: '05' }, (read) => read.decimal('x')],
    ['signed money', { x: '-5' }, (read) => read.decimal('x')],
    ['plus', { x: '+5' }, (read) => read.decimal('x')],
    ['fractional money', { x: '5.0' }, (read) => read.decimal('x')],
    ['hex money', { x: '0x5' }, (read) => read.decimal('x')],
    ['spaced money', { x: ' 5' }, (read) => read.decimal('x')],
    ['line end', { x: '5\n' }, (read) => read.decimal('x')],
    ['other digits', { x: '٥' }, (read) => read.decimal('x')],
    ['too much money', { x: '256' }, (read) => read.decimal('x', 255n)],
    ['beyond 256 bits', { x: String(1n << 256n) }, (read) => read.decimal('x')],
    ['endless money', { x: '9'.repeat(100_000) }, (read) => read.decimal('x')],
    ['capital hex', { x: '0x00FF' }, (read) => read.hex('x', 2)],
    ['short hex', { x: '0x00' }, (read) => read.hex('x', 2)],
    ['long hex', { x: '0x000000' }, (read) => read.hex('x', 2)],
    ['no prefix', { x: '000000' }, (read) => read.hex('x', 2)],
    ['no hex', { x: '0x00fg' }, (read) => read.hex('x', 2)],
    ['line end in hex', { x: '0x00f\n' }, (read) => read.hex('x', 2)],
    ['another choice', { x: 'c' }, (read) => read.oneOf('x', ['a', 'b'])],
    ['an object as array', { x: {} }, (read) => read.array('x')],
    ['a long array', { x: [1, 2] }, (read) => read.array('x', 1)],
  ])('refuses %s (CORE_FIELD)', (_, members, read) => {
    expect(() => read(fields(members))).toThrow(bad('body.x'));
  });

  it('refuses an array as a nested object, by its path', () => {
    expect(() => fields({ x: [] }).object('x')).toThrow('body.x: expected an object');
  });

  it('decimal reads every amount that fits and no other text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), (amount) => {
        expect(fields({ x: String(amount) }).decimal('x')).toBe(amount);
      }),
    );
  });
});
