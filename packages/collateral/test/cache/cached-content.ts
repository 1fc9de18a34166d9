import { encodeUtf8 } from '@dcml/core';
import type { DocumentOrder } from '../../src/index.ts';

/** The one document of a key and an order, so that a reader can tell whether it got the right one. */
export function contentOf(key: string, order: DocumentOrder, variant = 0): Uint8Array {
  return encodeUtf8(`${key} ${order.join('-')} ${variant} `.repeat(50));
}
