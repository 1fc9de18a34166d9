import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256, type Key } from 'hpke';
import type { AesGcm, TransportCrypto } from '../transport-crypto.ts';

function copied(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  // WebCrypto's types refuse shared memory; a view over a plain buffer passes as it is.
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

async function createWebAesGcm(key: Uint8Array): Promise<AesGcm> {
  const { subtle } = globalThis.crypto;
  const imported = await subtle.importKey('raw', copied(key), 'AES-GCM', false, ['encrypt', 'decrypt']);
  return {
    seal: async (nonce, plaintext) =>
      new Uint8Array(
        await subtle.encrypt({ name: 'AES-GCM', iv: copied(nonce) }, imported, copied(plaintext)),
      ),
    open: async (nonce, ciphertext) =>
      new Uint8Array(
        await subtle.decrypt({ name: 'AES-GCM', iv: copied(nonce) }, imported, copied(ciphertext)),
      ),
  };
}

/** The portable implementation over WebCrypto: browsers, and anything else that has X25519 there. */
export function createWebTransportCrypto(): TransportCrypto {
  const suite: CipherSuite<Key> = new CipherSuite(
    KEM_DHKEM_X25519_HKDF_SHA256,
    KDF_HKDF_SHA256,
    AEAD_AES_256_GCM,
  ) as CipherSuite<Key>;
  return { suite, kdf: KDF_HKDF_SHA256(), createAesGcm: createWebAesGcm };
}
