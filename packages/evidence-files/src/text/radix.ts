import { fromBase64, fromHex, isDcmlError } from '@dcml/core';

function attempt(read: () => Uint8Array): Uint8Array | undefined {
  try {
    return read();
  } catch (error) {
    if (isDcmlError(error)) return undefined;
    throw error;
  }
}

/** Bytes of a text that is hex throughout: either case, `0x` or not, white space anywhere. */
export function tryHex(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/\s+/g, '').replace(/^0[xX]/, '');
  if (digits === '' || !/^[0-9a-fA-F]+$/.test(digits)) return undefined;
  return attempt(() => fromHex(digits.toLowerCase()));
}

/** Bytes of a text that is base64 or base64url throughout, padded or not, white space anywhere. */
export function tryBase64(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/\s+/g, '').replace(/={1,2}$/, '');
  if (digits === '' || !/^[A-Za-z0-9+/_-]+$/.test(digits) || digits.length % 4 === 1) return undefined;
  const standard = digits.replaceAll('-', '+').replaceAll('_', '/');
  return attempt(() => fromBase64(standard + '='.repeat((4 - (standard.length % 4)) % 4)));
}

/** Bytes of a text in hex or, failing that, in base64. */
export function tryRadix(text: string): Uint8Array | undefined {
  return tryHex(text) ?? tryBase64(text);
}
