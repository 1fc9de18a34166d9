import type { JsonObject, JsonValue } from '@dcml/core';
import { brokenFile } from '../evidence-files-error.ts';
import { tryRadix } from '../text/radix.ts';

/** The value if it is an object with all these members; undefined for anything else. */
export function objectWith(
  value: JsonValue | undefined,
  ...names: readonly string[]
): JsonObject | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const object = value as JsonObject;
  return names.every((name) => Object.hasOwn(object, name)) ? object : undefined;
}

export function arrayOf(value: JsonValue | undefined): readonly JsonValue[] | undefined {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : undefined;
}

/** A member that has to be a text. Throws `EVIDENCE_FILE_BROKEN`. */
export function textMember(object: JsonObject, name: string, what: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw brokenFile(what, `${name} is not a text`);
  return value;
}

/** Bytes of a member in hex, base64, base64url or as an array of numbers. Throws `EVIDENCE_FILE_BROKEN`. */
export function bytesOf(value: JsonValue | undefined, name: string, what: string): Uint8Array {
  if (typeof value === 'string') {
    const bytes = tryRadix(value);
    if (bytes !== undefined) return bytes;
  }
  const items = arrayOf(value);
  if (
    items?.every((item) => typeof item === 'number' && Number.isInteger(item) && item >= 0 && item <= 255)
  ) {
    return Uint8Array.from(items as readonly number[]);
  }
  throw brokenFile(what, `${name} is neither hex nor base64 nor a list of bytes`);
}

/** The same for a member. */
export function bytesMember(object: JsonObject, name: string, what: string): Uint8Array {
  return bytesOf(object[name], name, what);
}
