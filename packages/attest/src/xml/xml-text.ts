const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

// XML 1.0 production 2 (Char) without the carriage return, which would have to be normalized.
const FORBIDDEN = /[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
const REFERENCE = /&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]{2,4}));/y;

/** Offset of the first character that may not stand in the text, or undefined. */
export function findForbidden(text: string): number | undefined {
  const at = text.search(FORBIDDEN);
  return at < 0 ? undefined : at;
}

function referenced(decimal?: string, hex?: string, name?: string): string | undefined {
  if (name !== undefined) return ENTITIES.get(name);
  const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(decimal, 10);
  if (point > 0x10ffff) return undefined;
  const character = String.fromCodePoint(point);
  // A reference may name a carriage return, which nothing normalizes away.
  return point !== 13 && FORBIDDEN.test(character) ? undefined : character;
}

/**
 * Replaces character references and the five entities of XML 1.0 section 4.6. Returns the offset of a reference that is
 * anything else.
 */
export function resolveReferences(text: string): { readonly text: string } | { readonly badAt: number } {
  let at = text.indexOf('&');
  if (at < 0) return { text };
  let out = '';
  let copied = 0;
  while (at >= 0) {
    REFERENCE.lastIndex = at;
    const match = REFERENCE.exec(text);
    const character = match === null ? undefined : referenced(match[1], match[2], match[3]);
    if (character === undefined) return { badAt: at };
    out += text.slice(copied, at) + character;
    copied = REFERENCE.lastIndex;
    at = text.indexOf('&', copied);
  }
  return { text: out + text.slice(copied) };
}
