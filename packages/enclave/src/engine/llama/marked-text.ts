import type { JsonValue } from '@dcml/core';

/**
 * Text from a request is marked before the chat template sees it: every UTF-16 unit that could be part of
 * a control token moves into plane 16 (private use). In the rendered prompt only the template can then
 * spell a control token, and every character still knows where it came from.
 *
 * White space, quotes and backslashes stay as they are, so that `trim` and `tojson` in templates work;
 * a control token never consists of these alone.
 */
const PLANE = 0x100000;
const MARKABLE = /[^\s"\\]/g;
const MARKED = /[\u{100000}-\u{10ffff}]/gu;

export function markText(text: string): string {
  return text.replace(MARKABLE, (unit) => String.fromCodePoint(PLANE + unit.charCodeAt(0)));
}

export function unmarkText(text: string): string {
  return text.replace(MARKED, (character) => String.fromCharCode(character.codePointAt(0)! - PLANE));
}

export function hasMarks(text: string): boolean {
  return text.search(MARKED) !== -1;
}

// Words of JSON schemas that templates compare with; none is part of a control token.
const SCHEMA_WORDS: ReadonlySet<string> = new Set([
  ...['type', 'object', 'array', 'string', 'number', 'integer', 'boolean', 'null'],
  ...['properties', 'required', 'description', 'items', 'enum', 'default', 'anyOf', 'additionalProperties'],
]);

/** Marks every string of a JSON value, names of members included, except the words of JSON schemas. */
export function markJson(value: JsonValue): JsonValue {
  if (typeof value === 'string') return SCHEMA_WORDS.has(value) ? value : markText(value);
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(markJson);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      SCHEMA_WORDS.has(name) ? name : markText(name),
      markJson(item),
    ]),
  );
}
