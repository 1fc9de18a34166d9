import { encodeUtf8 } from './bytes.ts';
import { CoreError } from './core-error.ts';
import type { JsonObject, JsonValue } from './json.ts';

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Dates, maps and byte arrays are objects too, but what they hold is not in their members. */
function isPlain(value: JsonObject): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new CoreError('CORE_JSON', 'canonical JSON: string with a lone surrogate');
  return JSON.stringify(text);
}

function canonicalObject(value: JsonObject): string {
  const members: string[] = [];
  // RFC 8785 section 3.2.3: keys sorted by UTF-16 code units, which is the default order of sort().
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member === undefined) continue;
    members.push(`${canonicalString(key)}:${canonicalizeJson(member)}`);
  }
  return `{${members.join(',')}}`;
}

/** RFC 8785 (JCS) text of a value. Throws `CORE_JSON` where no canonical form exists. */
export function canonicalizeJson(value: JsonValue): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new CoreError('CORE_JSON', 'canonical JSON: number is not finite');
    return JSON.stringify(value);
  }
  // Array.from visits holes, which map() would turn into nothing.
  if (isArray(value)) return `[${Array.from(value, (item) => canonicalizeJson(item)).join(',')}]`;
  if (typeof value === 'object' && isPlain(value)) return canonicalObject(value);
  throw new CoreError('CORE_JSON', `canonical JSON: a ${typeof value} has no canonical form`);
}

/** UTF-8 of the RFC 8785 form: what is hashed and signed. */
export function canonicalJsonBytes(value: JsonValue): Uint8Array<ArrayBuffer> {
  return encodeUtf8(canonicalizeJson(value));
}
