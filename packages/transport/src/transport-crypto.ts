import type { CipherSuite, KDF, Key, KeyPair } from 'hpke';

/** AES-256-GCM under one key: 12-byte nonces, no associated data, the 16-byte tag after the ciphertext. */
export interface AesGcm {
  seal(nonce: Uint8Array, plaintext: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Throws (or rejects) when the tag does not match. */
  open(nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export interface SyncAesGcm extends AesGcm {
  seal(nonce: Uint8Array, plaintext: Uint8Array): Uint8Array;
  open(nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array;
}

/**
 * The primitives under the transport. Every implementation passes `test/crypto-conformance.ts`.
 * The HPKE key schedule (RFC 9180) on top of them is the `hpke` package's in all cases.
 */
export interface TransportCrypto {
  /** DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
  readonly suite: CipherSuite<Key>;
  /** HKDF-SHA256 (RFC 5869). */
  readonly kdf: KDF;
  createAesGcm(key: Uint8Array): AesGcm | Promise<AesGcm>;
}

/** A server seals every chunk the moment it has it, so its cipher answers at once. */
export interface SyncTransportCrypto extends TransportCrypto {
  createAesGcm(key: Uint8Array): SyncAesGcm;
}

/** A server's encryption key: made in the enclave, listed in the attested keyset. */
export interface TransportKey {
  /** 32 bytes, X25519. */
  readonly publicKey: Uint8Array;
  readonly keyPair: KeyPair<Key>;
}

/** A fresh key; the private part never leaves the returned object. */
export async function generateTransportKey(crypto: TransportCrypto): Promise<TransportKey> {
  const keyPair = await crypto.suite.GenerateKeyPair(false);
  return { publicKey: await crypto.suite.SerializePublicKey(keyPair.publicKey), keyPair };
}

/** RFC 9180 section 7.1.3, `DeriveKeyPair`: the same key from the same 32 or more secret bytes. */
export async function deriveTransportKey(crypto: TransportCrypto, ikm: Uint8Array): Promise<TransportKey> {
  const keyPair = await crypto.suite.DeriveKeyPair(ikm, false);
  return { publicKey: await crypto.suite.SerializePublicKey(keyPair.publicKey), keyPair };
}
