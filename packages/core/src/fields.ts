import { CoreError } from './core-error.ts';
import type { Hex } from './hex.ts';
import type { JsonObject, JsonValue } from './json.ts';

/**
 * Reads foreign JSON field by field into our own types: each reader names the path in its error.
 * `done()` refuses fields that nobody read, so an unknown field is an error and never ignored.
 * All methods throw `CORE_FIELD`.
 */
export class Fields {
  readonly path: string;
  readonly #members: JsonObject;
  readonly #read = new Set<string>();

  constructor(value: JsonValue | undefined, path: string) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new CoreError('CORE_FIELD', `${path}: expected an object`);
    }
    this.path = path;
    this.#members = value as JsonObject;
  }

  #fail(name: string, why: string): never {
    const path = `${this.path}.${name}`;
    throw new CoreError('CORE_FIELD', `${path}: ${why}`, { details: { path } });
  }

  /** Names of all members, for objects whose keys are data. */
  get names(): readonly string[] {
    return Object.keys(this.#members);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#members, name);
  }

  /** The raw member, or undefined when absent; marks it as read. */
  optional(name: string): JsonValue | undefined {
    this.#read.add(name);
    return this.has(name) ? this.#members[name] : undefined;
  }

  required(name: string): JsonValue {
    const value = this.optional(name);
    if (value === undefined) this.#fail(name, 'is missing');
    return value;
  }

  string(name: string, maxLength = 4096): string {
    const value = this.required(name);
    if (typeof value !== 'string') this.#fail(name, 'expected a string');
    if (value.length > maxLength) this.#fail(name, `is longer than ${maxLength} characters`);
    return value;
  }

  boolean(name: string): boolean {
    const value = this.required(name);
    if (typeof value !== 'boolean') this.#fail(name, 'expected true or false');
    return value;
  }

  /** A finite number within the bounds, both included. */
  number(name: string, min: number, max: number): number {
    const value = this.required(name);
    if (typeof value !== 'number' || !(value >= min && value <= max)) {
      this.#fail(name, `expected a number from ${min} to ${max}`);
    }
    return value;
  }

  integer(name: string, min: number, max: number): number {
    const value = this.number(name, min, max);
    if (!Number.isSafeInteger(value)) this.#fail(name, 'expected an integer');
    return value;
  }

  /** A non-negative integer as a decimal string without leading zeros: the wire form of money. */
  decimal(name: string, max: bigint = (1n << 256n) - 1n): bigint {
    const text = this.string(name, 80);
    if (!/^(?:0|[1-9][0-9]*)$/.test(text)) this.#fail(name, 'expected a decimal integer as a string');
    const value = BigInt(text);
    if (value > max) this.#fail(name, `is larger than ${max}`);
    return value;
  }

  /** `0x` and exactly `bytes` bytes of lowercase hex: the wire form of chain values. */
  hex(name: string, bytes: number): Hex {
    const text = this.string(name, 2 + 2 * bytes);
    if (!/^0x[0-9a-f]*$/.test(text) || text.length !== 2 + 2 * bytes) {
      this.#fail(name, `expected 0x and ${2 * bytes} lowercase hex digits`);
    }
    return text as Hex;
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.string(name);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.#fail(name, `expected one of ${choices.join(', ')}`);
    return found;
  }

  array(name: string, maxItems = 1024): readonly JsonValue[] {
    const value = this.required(name);
    if (!Array.isArray(value)) this.#fail(name, 'expected an array');
    if (value.length > maxItems) this.#fail(name, `has more than ${maxItems} items`);
    return value as readonly JsonValue[];
  }

  object(name: string): Fields {
    return new Fields(this.required(name), `${this.path}.${name}`);
  }

  /** Refuses every member that was not read. */
  done(): void {
    for (const name of Object.keys(this.#members)) {
      if (!this.#read.has(name)) this.#fail(name, 'is not a known field');
    }
  }
}
