import { fromHex } from '@dcml/core';
import { formatError } from './attest-error.ts';

/** Bytes of a lowercase hex field of at most `maxBytes`. Throws `ATTEST_FORMAT` or `CORE_ENCODING`. */
export function fromHexBounded(hex: string, what: string, maxBytes: number): Uint8Array {
  if (hex.length > 2 * maxBytes) throw formatError(what, `is longer than ${maxBytes} bytes`);
  return fromHex(hex, what);
}
