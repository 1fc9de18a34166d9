import { toHex } from '@dcml/core';

/** The y coordinates of the eight points of small order, little endian: 0, 1, -1 and the two of order 8. */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** p = 2^255 - 19 from its most significant byte down. */
const isFieldElement = (y: Uint8Array): boolean => {
  if (y[31] !== 0x7f) return true;
  for (let i = 30; i > 0; i--) if (y[i] !== 0xff) return true;
  return y[0]! < 0xed;
};

/**
 * Whether 32 bytes can be a public key that stands for one secret: RFC 8032 section 5.1.3 wants y below p, and under a
 * key of small order one signature fits any message. Implementations differ on both, so we look ourselves.
 */
export function isStrictEd25519Key(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false;
  const y = publicKey.slice();
  y[31]! &= 0x7f;
  return isFieldElement(y) && !SMALL_ORDER_Y.has(toHex(y));
}

/**
 * RFC 8032 verification by the platform's WebCrypto, on keys that pass `isStrictEd25519Key`.
 * Null where the platform has no Ed25519: the caller must not take that for a pass.
 */
export async function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean | null> {
  if (!isStrictEd25519Key(publicKey) || signature.length !== 64) return false;
  const { subtle } = globalThis.crypto;
  let key: CryptoKey;
  try {
    key = await subtle.importKey('raw', new Uint8Array(publicKey), 'Ed25519', false, ['verify']);
  } catch (error) {
    return error instanceof Error && error.name === 'NotSupportedError' ? null : false;
  }
  return subtle.verify('Ed25519', key, new Uint8Array(signature), new Uint8Array(message));
}
