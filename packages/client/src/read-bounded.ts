import { concatBytes, decodeUtf8, type JsonValue, parseJson } from '@dcml/core';

/** All bytes of a source. Throws a RangeError beyond `maxBytes`. */
export async function readBounded(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of source) {
    length += part.length;
    if (length > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return concatBytes(...parts);
}

/** Strict JSON of at most `maxBytes`. Throws `CORE_ENCODING`, `CORE_JSON`, `CORE_JSON_LIMIT`. */
export function parseJsonBytes(bytes: Uint8Array, maxBytes: number): JsonValue {
  return parseJson(decodeUtf8(bytes), { maxLength: maxBytes, maxDepth: 32 });
}
