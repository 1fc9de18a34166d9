import { assertLength, concatBytes } from '@dcml/core';
import { KEY_BYTES } from './ehbp-constants.ts';
import { TransportError } from './transport-error.ts';

const KEM_X25519_HKDF_SHA256 = 0x0020;
const KDF_HKDF_SHA256 = 0x0001;
const AEAD_AES_256_GCM = 0x0002;

export interface KeyConfig {
  readonly keyId: number;
  /** 32 bytes, X25519. */
  readonly publicKey: Uint8Array;
}

/** One key configuration (RFC 9458 section 3.1) with the one suite of EHBP section 3.2. Throws `CORE_ENCODING`. */
export function encodeKeyConfig(publicKey: Uint8Array, keyId = 0): Uint8Array<ArrayBuffer> {
  assertLength(publicKey, KEY_BYTES, 'X25519 public key');
  return concatBytes(
    Uint8Array.of(keyId, KEM_X25519_HKDF_SHA256 >> 8, KEM_X25519_HKDF_SHA256 & 255),
    publicKey,
    Uint8Array.of(0, 4, KDF_HKDF_SHA256 >> 8, KDF_HKDF_SHA256 & 255, AEAD_AES_256_GCM >> 8, AEAD_AES_256_GCM),
  );
}

/**
 * The first key configuration of an `application/ohttp-keys` body; what follows it is ignored (EHBP section 3.2).
 * The key is only worth something when the attested keyset lists it. Throws `TRANSPORT_KEY_CONFIG`, `TRANSPORT_SUITE`.
 */
export function parseKeyConfig(bytes: Uint8Array): KeyConfig {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (end: number): void => {
    if (bytes.length < end)
      throw new TransportError('TRANSPORT_KEY_CONFIG', 'key configuration is truncated');
  };
  need(3);
  // The KEM decides how long the key is, so it comes first.
  if (view.getUint16(1) !== KEM_X25519_HKDF_SHA256) {
    throw new TransportError('TRANSPORT_SUITE', 'key configuration: the KEM is not X25519 with HKDF-SHA256');
  }
  need(3 + KEY_BYTES + 2);
  const suitesStart = 3 + KEY_BYTES + 2;
  const suitesBytes = view.getUint16(3 + KEY_BYTES);
  if (suitesBytes === 0 || suitesBytes % 4 !== 0) {
    throw new TransportError(
      'TRANSPORT_KEY_CONFIG',
      'key configuration: the list of suites has no valid length',
    );
  }
  need(suitesStart + suitesBytes);
  let supported = false;
  for (let at = suitesStart; at < suitesStart + suitesBytes; at += 4) {
    supported ||= view.getUint16(at) === KDF_HKDF_SHA256 && view.getUint16(at + 2) === AEAD_AES_256_GCM;
  }
  if (!supported) {
    throw new TransportError('TRANSPORT_SUITE', 'key configuration: no HKDF-SHA256 with AES-256-GCM');
  }
  return { keyId: bytes[0]!, publicKey: bytes.slice(3, 3 + KEY_BYTES) };
}
