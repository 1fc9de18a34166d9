import type { JsonObject, JsonValue } from '@dcml/core';
import { fieldError } from '../engine-error.ts';

/**
 * Reads an OpenAI request body field by field. A field that is null counts as absent, as OpenAI has it.
 * `done()` refuses what nobody read: a parameter that could change the answer is never ignored.
 * All methods throw `ENGINE_REQUEST` with the field's path in `details.param`.
 */
export class RequestFields {
  readonly #members: JsonObject;
  readonly #path: string;
  readonly #read = new Set<string>();

  constructor(value: JsonValue | undefined, path = '') {
    if (value === undefined || value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw fieldError('ENGINE_REQUEST', path === '' ? 'body' : path, 'expected an object');
    }
    this.#members = value as JsonObject;
    this.#path = path;
  }

  /** Path of a member, for errors. */
  param(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #fail(name: string, why: string): never {
    throw fieldError('ENGINE_REQUEST', this.param(name), why);
  }

  /** The member as it is, undefined when absent or null; marks it as read. */
  raw(name: string): JsonValue | undefined {
    this.#read.add(name);
    const value = Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
    return value ?? undefined;
  }

  required(name: string): JsonValue {
    return this.raw(name) ?? this.#fail(name, 'is missing');
  }

  number(name: string, min: number, max: number): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !(value >= min && value <= max)) {
      this.#fail(name, `expected a number from ${min} to ${max}`);
    }
    return value;
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.number(name, min, max);
    if (value !== undefined && !Number.isSafeInteger(value)) this.#fail(name, 'expected an integer');
    return value;
  }

  boolean(name: string): boolean | undefined {
    const value = this.raw(name);
    if (value !== undefined && typeof value !== 'boolean') this.#fail(name, 'expected true or false');
    return value;
  }

  string(name: string): string | undefined {
    const value = this.raw(name);
    if (value !== undefined && typeof value !== 'string') this.#fail(name, 'expected a string');
    return value;
  }

  requiredString(name: string): string {
    return this.string(name) ?? this.#fail(name, 'is missing');
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    return (
      choices.find((choice) => choice === value) ?? this.#fail(name, `expected one of ${choices.join(', ')}`)
    );
  }

  array(name: string, maxItems: number): readonly JsonValue[] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) this.#fail(name, 'expected an array');
    if (value.length > maxItems) this.#fail(name, `has more than ${maxItems} items`);
    return value as readonly JsonValue[];
  }

  object(name: string): RequestFields | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : new RequestFields(value, this.param(name));
  }

  /** Accepts members that do not change the answer, whatever they hold. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#read.add(name);
  }

  /** Accepts a member only with a value that asks for nothing beyond what the engine does anyway. */
  only(name: string, ...accepted: readonly JsonValue[]): void {
    const value = this.raw(name);
    if (value === undefined || accepted.some((item) => JSON.stringify(item) === JSON.stringify(value)))
      return;
    throw fieldError('ENGINE_UNSUPPORTED', this.param(name), 'this value is not supported');
  }

  /** Refuses every member that was not read. */
  done(): void {
    for (const name of Object.keys(this.#members)) {
      if (!this.#read.has(name)) this.#fail(name, 'is not a parameter that this engine knows');
    }
  }
}
