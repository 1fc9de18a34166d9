/** End of the JSON string that begins at `at`. */
function endOfString(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end + 1;
}

/** End of the JSON value that begins at `at`: the comma or the closing bracket after it. */
function endOfValue(text: string, at: number): number {
  let depth = 0;
  for (let end = at; end < text.length; ) {
    const char = text[end]!;
    if (char === '"') {
      end = endOfString(text, end);
      continue;
    }
    if (char === '{' || char === '[') depth++;
    if (char === '}' || char === ']') depth--;
    if (depth < 0 || (depth === 0 && char === ',')) return end;
    end++;
  }
  return text.length;
}

/**
 * The exact text of a member of the outermost object, as signatures cover it; undefined without such a member.
 * The text has to be JSON that was parsed before.
 */
export function sourceOfMember(text: string, name: string): string | undefined {
  let at = text.indexOf('{') + 1;
  while (at > 0 && at < text.length) {
    const keyAt = text.indexOf('"', at);
    if (keyAt < 0) return undefined;
    const keyEnd = endOfString(text, keyAt);
    const valueAt = text.indexOf(':', keyEnd) + 1;
    const end = endOfValue(text, valueAt);
    if (text.slice(keyAt, keyEnd) === JSON.stringify(name)) return text.slice(valueAt, end).trim();
    at = end + 1;
  }
  return undefined;
}
