import type { Fields } from '@dcml/core';
import { AttestError } from '../attest-error.ts';
import type { RegisterRules } from './measured-boot-policy.ts';

/** More values than any fleet has. */
const MAX_ITEMS = 10_000;

/** Refuses a policy member, naming it. */
export function refuseMember(path: string, why: string): never {
  throw new AttestError('ATTEST_POLICY', `${path}: ${why}`, { details: { path } });
}

/** Refuses a list that names one thing twice: one of the two may be a slip for another. */
function assertDistinct(items: readonly (string | number)[], path: string): void {
  const first = items.findIndex((item, i) => items.indexOf(item) !== i);
  if (first >= 0) refuseMember(`${path}[${first}]`, `names ${items[first]} twice`);
}

/** A list of different texts of one form. */
export function readTexts(fields: Fields, name: string, pattern: RegExp, expected: string): string[] {
  const texts = fields.array(name, MAX_ITEMS).map((item, i) => {
    if (typeof item !== 'string' || !pattern.test(item))
      refuseMember(`${fields.path}.${name}[${i}]`, `expected ${expected}`);
    return item;
  });
  assertDistinct(texts, `${fields.path}.${name}`);
  return texts;
}

/** A list of different whole numbers from 0 to `last`. */
export function readNumbers(fields: Fields, name: string, last: number, what: string): number[] {
  const numbers = fields.array(name, MAX_ITEMS).map((item, i) => {
    if (typeof item !== 'number' || !Number.isInteger(item) || item < 0 || item > last) {
      refuseMember(`${fields.path}.${name}[${i}]`, `expected ${what} from 0 to ${last}`);
    }
    return item;
  });
  assertDistinct(numbers, `${fields.path}.${name}`);
  return numbers;
}

/** A list in which every item is one of `known`, each at most once. */
export function readChoices<Choice extends string>(
  fields: Fields,
  name: string,
  known: readonly Choice[],
): Choice[] {
  const choices = fields.array(name, 100).map((item, i) => {
    const choice = known.find((candidate) => candidate === item);
    if (choice === undefined)
      refuseMember(`${fields.path}.${name}[${i}]`, `expected one of ${known.join(', ')}`);
    return choice;
  });
  assertDistinct(choices, `${fields.path}.${name}`);
  return choices;
}

/** Hex values of `bytes` bytes each, or null for any. */
export function readHexList(fields: Fields, name: string, bytes: number): string[] | null {
  if (fields.required(name) === null) return null;
  const pattern = new RegExp(`^[0-9a-f]{${2 * bytes}}$`);
  return readTexts(fields, name, pattern, `${2 * bytes} lowercase hex digits`);
}

/**
 * Accepted values by register number up to `last`, of one of the given sizes in bytes; null for any. A register without
 * a value would refuse everything.
 */
export function readRegisterRules(
  fields: Fields,
  name: string,
  last: number,
  sizes: readonly number[],
): RegisterRules | null {
  if (fields.required(name) === null) return null;
  const rules = fields.object(name);
  const digits = sizes.map((size) => 2 * size);
  const pattern = new RegExp(`^(?:${digits.map((count) => `[0-9a-f]{${count}}`).join('|')})$`);
  const expected = `${digits.join(', ')} lowercase hex digits`.replace(
    /, (\d+) lowercase/,
    ' or $1 lowercase',
  );
  return Object.fromEntries(
    rules.names.map((register) => {
      const path = `${rules.path}.${register}`;
      if (!/^(?:0|[1-9]\d?)$/.test(register) || Number(register) > last) {
        refuseMember(path, `expected a register number from 0 to ${last}`);
      }
      const values = readTexts(rules, register, pattern, expected);
      if (values.length === 0) refuseMember(path, 'a register without an accepted value refuses everything');
      return [register, values];
    }),
  );
}
