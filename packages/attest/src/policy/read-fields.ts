import type { Fields } from '@dcml/core';
import { AttestError } from '../attest-error.ts';
import type { RegisterRules } from './measured-boot-policy.ts';

/** Refuses a policy member, naming it. */
export function refuseMember(path: string, why: string): never {
  throw new AttestError('ATTEST_POLICY', `${path}: ${why}`, { details: { path } });
}

export function readTexts(fields: Fields, name: string, pattern: RegExp, expected: string): string[] {
  return fields.array(name, 10_000).map((item, i) => {
    if (typeof item !== 'string' || !pattern.test(item))
      refuseMember(`${fields.path}.${name}[${i}]`, `expected ${expected}`);
    return item;
  });
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
  if (new Set(choices).size !== choices.length)
    refuseMember(`${fields.path}.${name}`, 'names one thing twice');
  return choices;
}

/** Hex values of `bytes` bytes each, or null for any. */
export function readHexList(fields: Fields, name: string, bytes: number): string[] | null {
  if (fields.required(name) === null) return null;
  const pattern = new RegExp(`^[0-9a-f]{${2 * bytes}}$`);
  return readTexts(fields, name, pattern, `${2 * bytes} lowercase hex digits`);
}

/** Accepted values by register number up to `last`, or null for any. */
export function readRegisterRules(fields: Fields, name: string, last: number): RegisterRules | null {
  if (fields.required(name) === null) return null;
  const rules = fields.object(name);
  return Object.fromEntries(
    rules.names.map((register) => {
      if (!/^(?:0|[1-9]\d?)$/.test(register) || Number(register) > last) {
        refuseMember(`${rules.path}.${register}`, `expected a register number from 0 to ${last}`);
      }
      return [register, readTexts(rules, register, /^(?:[0-9a-f]{2}){20,48}$/, 'lowercase hex')];
    }),
  );
}
