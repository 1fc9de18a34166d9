import { Fields, parseJson } from '@dcml/core';

// All functions here walk text that `parseJson` has accepted, so that every value has an end.

function skipSpace(text: string, start: number): number {
  let at = start;
  while (/[ \n\r\t]/.test(text[at] ?? '')) at++;
  return at;
}

/** Offset just behind the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Offset just behind the value that begins at `start`. */
function valueEnd(text: string, start: number): number {
  let at = start;
  if (text[at] !== '{' && text[at] !== '[' && text[at] !== '"') {
    while (!/[,}\s]/.test(text[at] ?? ',')) at++;
    return at;
  }
  let depth = 0;
  do {
    if (text[at] === '"') {
      at = stringEnd(text, at);
    } else {
      if (text[at] === '{' || text[at] === '[') depth++;
      if (text[at] === '}' || text[at] === ']') depth--;
      at++;
    }
  } while (depth > 0);
  return at;
}

/**
 * The exact text of an object member of a JSON object: signatures are over the text as it was sent, so it is cut out
 * and never written again. Throws `CORE_*` unless all of it is JSON and the member is an object.
 */
export function cutObjectMember(text: string, name: string): string {
  new Fields(parseJson(text), 'answer').object(name);
  let at = skipSpace(text, text.indexOf('{') + 1);
  for (;;) {
    const keyEnd = stringEnd(text, at);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = valueEnd(text, valueStart);
    if (JSON.parse(text.slice(at, keyEnd)) === name) return text.slice(valueStart, end);
    at = skipSpace(text, skipSpace(text, end) + 1);
  }
}
