import { createHmac, createSecretKey } from 'node:crypto';
import type { KDF } from 'hpke';

const HASH_BYTES = 32;

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', createSecretKey(key));
  for (const part of parts) mac.update(part);
  const digest = mac.digest();
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength);
}

/** RFC 5869 over node:crypto. */
export const nodeKdf = (): KDF => ({
  id: 0x0001,
  type: 'KDF',
  name: 'HKDF-SHA256',
  Nh: HASH_BYTES,
  stages: 2,
  // Section 2.2: an absent salt is a string of zeros.
  Extract: async (salt, ikm) => hmac(salt.length === 0 ? new Uint8Array(HASH_BYTES) : salt, ikm),
  Expand: async (prk, info, length) => {
    if (length > 255 * HASH_BYTES) throw new RangeError('HKDF: more than 255 blocks');
    const out = new Uint8Array(Math.ceil(length / HASH_BYTES) * HASH_BYTES);
    let previous = new Uint8Array(0);
    for (let block = 1; (block - 1) * HASH_BYTES < length; block++) {
      previous = new Uint8Array(hmac(prk, previous, info, Uint8Array.of(block)));
      out.set(previous, (block - 1) * HASH_BYTES);
    }
    return out.subarray(0, length);
  },
  Derive: () => Promise.reject(new TypeError('HKDF-SHA256 has two stages')),
});
