import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import type { AEAD } from 'hpke';
import type { SyncAesGcm } from '../transport-crypto.ts';

const TAG_BYTES = 16;
const NO_AAD = new Uint8Array(0);

/** Ciphertext, then tag, written at `offset` of `out`. */
function sealInto(
  out: Uint8Array,
  offset: number,
  key: ReturnType<typeof createSecretKey>,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): void {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  if (aad.length > 0) cipher.setAAD(aad);
  out.set(cipher.update(plaintext), offset);
  cipher.final();
  out.set(cipher.getAuthTag(), offset + plaintext.length);
}

function openBytes(
  key: ReturnType<typeof createSecretKey>,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array {
  if (ciphertext.length < TAG_BYTES) throw new RangeError('ciphertext is shorter than its tag');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  if (aad.length > 0) decipher.setAAD(aad);
  decipher.setAuthTag(ciphertext.subarray(-TAG_BYTES));
  const plaintext = decipher.update(ciphertext.subarray(0, -TAG_BYTES));
  // Throws on a wrong tag: nothing of the plaintext leaves this function before.
  decipher.final();
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
}

/** AES-256-GCM over node:crypto. A key object costs a quarter of what a raw key does per message. */
export function createNodeAesGcm(keyBytes: Uint8Array): SyncAesGcm {
  if (keyBytes.length !== 32) throw new RangeError(`AES-256 key: expected 32 bytes, got ${keyBytes.length}`);
  const key = createSecretKey(keyBytes);
  return {
    seal: (nonce, plaintext) => {
      const out = new Uint8Array(plaintext.length + TAG_BYTES);
      sealInto(out, 0, key, nonce, NO_AAD, plaintext);
      return out;
    },
    open: (nonce, ciphertext) => openBytes(key, nonce, NO_AAD, ciphertext),
  };
}

/** The same cipher in the shape that `hpke` asks for. */
export const nodeAead = (): AEAD => ({
  id: 0x0002,
  type: 'AEAD',
  name: 'AES-256-GCM',
  Nk: 32,
  Nn: 12,
  Nt: TAG_BYTES,
  Seal: async (keyBytes, nonce, aad, plaintext) => {
    const out = new Uint8Array(plaintext.length + TAG_BYTES);
    sealInto(out, 0, createSecretKey(keyBytes), nonce, aad, plaintext);
    return out;
  },
  Open: async (keyBytes, nonce, aad, ciphertext) =>
    openBytes(createSecretKey(keyBytes), nonce, aad, ciphertext),
});
