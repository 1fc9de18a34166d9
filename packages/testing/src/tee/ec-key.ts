import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto';
import { fromHex, type Random, toBase64Url, toHex } from '@dcml/core';
import { type SigningKey, signWith } from './signing-key.ts';

/** A P-256 key of the simulated vendor. */
export interface EcKey extends SigningKey {
  readonly algorithm: 'ecdsa-sha256';
  /** 32 bytes, big-endian. */
  readonly secret: Uint8Array;
  /** 65 bytes: 0x04, x, y. */
  readonly point: Uint8Array;
}

export function ecKeyFromSecret(secret: Uint8Array): EcKey {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(secret);
  const point = new Uint8Array(ecdh.getPublicKey());
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: toBase64Url(secret),
    x: toBase64Url(point.subarray(1, 33)),
    y: toBase64Url(point.subarray(33)),
  };
  const signer = createPrivateKey({ key: jwk, format: 'jwk' });
  const spki = new Uint8Array(createPublicKey(signer).export({ type: 'spki', format: 'der' }));
  return { algorithm: 'ecdsa-sha256', secret, point, spki, signer };
}

export function createEcKey(random: Random): EcKey {
  const secret = random.bytes(32);
  // Below the group order, whose upper half is ffffffff00000000ffffffffffffffff.
  secret[0] = secret[0]! & 0x7f;
  return ecKeyFromSecret(secret);
}

/** ECDSA P-256 with SHA-256: `der` as in certificates, `raw` (r and s, 64 bytes) as in quotes and collateral. */
export function signEcdsa(key: EcKey, message: Uint8Array, form: 'der' | 'raw'): Uint8Array {
  return signWith(key, message, form);
}

export const encodeEcKey = (key: EcKey): string => toHex(key.secret);
export const parseEcKey = (hex: string): EcKey => ecKeyFromSecret(fromHex(hex, 'key', 32));
