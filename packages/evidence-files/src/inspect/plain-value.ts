import { type JsonValue, sha256, toHex } from '@dcml/core';

/** Longer byte strings are shown by size and hash: a person compares those, not the bytes. */
const MAX_SHOWN_BYTES = 256;

/** `mrTd` as `mr_td`: the names of members in all JSON of this project. */
function memberName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}

/** Any parsed structure as JSON: bytes in hex, maps as objects, times as they are. */
export function plainValue(value: unknown): JsonValue {
  if (value instanceof Uint8Array) {
    return value.length <= MAX_SHOWN_BYTES
      ? toHex(value)
      : { bytes: value.length, sha256: toHex(sha256(value)) };
  }
  if (value instanceof Map || value instanceof Set) {
    const entries = value instanceof Map ? [...value] : [...value].map((item) => [item, true]);
    return Object.fromEntries(entries.map(([key, item]) => [String(key), plainValue(item)]));
  }
  if (Array.isArray(value)) return value.map((item) => plainValue(item));
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') return null;
  const members = Object.entries(value).filter(
    ([, item]) => item !== undefined && typeof item !== 'function',
  );
  return Object.fromEntries(members.map(([name, item]) => [memberName(name), plainValue(item)]));
}
