import { AttestError } from '../attest-error.ts';

/**
 * Verifies ECDSA over P-256 with SHA-256. `publicKey` is an uncompressed point of 65 bytes, `signature` r and s of 32
 * bytes each. A key that is no point of the curve verifies nothing. Throws `ATTEST_NO_WEBCRYPTO`.
 */
export async function verifyEcdsaP256(
  publicKey: Uint8Array,
  signature: Uint8Array,
  message: Uint8Array,
): Promise<boolean> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) {
    throw new AttestError('ATTEST_NO_WEBCRYPTO', 'crypto.subtle is not available in this environment');
  }
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  let key: CryptoKey;
  try {
    key = await subtle.importKey('raw', new Uint8Array(publicKey), algorithm, false, ['verify']);
  } catch {
    return false;
  }
  const hash = { name: 'ECDSA', hash: 'SHA-256' };
  return subtle.verify(hash, key, new Uint8Array(signature), new Uint8Array(message));
}
