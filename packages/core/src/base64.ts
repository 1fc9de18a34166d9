import { CoreError } from './core-error.ts';

function toBinaryString(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}

/** RFC 4648 section 4, with padding. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(toBinaryString(bytes));
}

/** Strict RFC 4648 section 4: padding required, no white space, unused bits zero. Throws `CORE_ENCODING`. */
export function fromBase64(text: string, what = 'base64'): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(text);
  } catch (cause) {
    throw new CoreError('CORE_ENCODING', `${what}: not base64`, { cause });
  }
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < out.length; i++) out[i] = binary.charCodeAt(i);
  // One text per value: atob tolerates white space, missing padding and stray bits.
  if (toBase64(out) !== text) throw new CoreError('CORE_ENCODING', `${what}: base64 is not canonical`);
  return out;
}

/** RFC 4648 section 5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Strict RFC 4648 section 5 without padding. Throws `CORE_ENCODING`. */
export function fromBase64Url(text: string, what = 'base64url'): Uint8Array<ArrayBuffer> {
  if (/[+/=]/.test(text)) throw new CoreError('CORE_ENCODING', `${what}: not base64url without padding`);
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  return fromBase64(standard + '='.repeat((4 - (standard.length % 4)) % 4), what);
}
