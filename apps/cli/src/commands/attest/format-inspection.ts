import type { JsonValue } from '@dcml/core';

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function entriesOf(value: JsonValue): readonly (readonly [string, JsonValue])[] | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  return isList(value) ? value.map((item, i) => [`${i}`, item]) : Object.entries(value);
}

/** Nested JSON as indented lines of names and values. */
export function formatFields(value: JsonValue, indent = ''): string[] {
  return (entriesOf(value) ?? []).flatMap(([name, item]) => {
    const inner = entriesOf(item);
    if (inner === undefined)
      return [`${indent}${name}: ${typeof item === 'string' ? item : JSON.stringify(item)}`];
    return inner.length === 0
      ? [`${indent}${name}: none`]
      : [`${indent}${name}:`, ...formatFields(item, `${indent}  `)];
  });
}
