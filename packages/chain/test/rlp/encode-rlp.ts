import { concatBytes } from '@dcml/core';
import type { RlpItem } from '../../src/index.ts';

function prefix(length: number, base: number): Uint8Array {
  if (length < 56) return Uint8Array.of(base + length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Uint8Array.of(base + 55 + octets.length, ...octets);
}

/** The writer that the reader is tested with (Ethereum Yellow Paper, appendix B). */
export function encodeRlp(item: RlpItem): Uint8Array<ArrayBuffer> {
  if (item instanceof Uint8Array) {
    if (item.length === 1 && item[0]! < 0x80) return Uint8Array.from(item);
    return concatBytes(prefix(item.length, 0x80), item);
  }
  const content = concatBytes(...item.map(encodeRlp));
  return concatBytes(prefix(content.length, 0xc0), content);
}
