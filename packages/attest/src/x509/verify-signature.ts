import { AttestError } from '../attest-error.ts';
import { type PublicKey, scalarBytes } from './public-key.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';

function subtleCrypto(): SubtleCrypto {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) {
    throw new AttestError('ATTEST_NO_WEBCRYPTO', 'crypto.subtle is not available in this environment');
  }
  return subtle;
}

/** `verifySignature`, or what stands in for it. */
export type SignatureCheck = (
  key: PublicKey,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
  message: Uint8Array,
) => Promise<boolean>;

interface Scheme {
  readonly name: 'ECDSA' | 'RSA-PSS' | 'RSASSA-PKCS1-v1_5';
  readonly hash: 'SHA-256' | 'SHA-384' | 'SHA-512';
  readonly saltLength?: number;
}

const schemes: Readonly<Record<SignatureAlgorithm, Scheme>> = {
  'ecdsa-sha256': { name: 'ECDSA', hash: 'SHA-256' },
  'ecdsa-sha384': { name: 'ECDSA', hash: 'SHA-384' },
  'rsa-pss-sha256': { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 },
  'rsa-pss-sha384': { name: 'RSA-PSS', hash: 'SHA-384', saltLength: 48 },
  'rsa-sha256': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  'rsa-sha384': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  'rsa-sha512': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
};

async function importKey(
  subtle: SubtleCrypto,
  key: PublicKey,
  scheme: Scheme,
): Promise<CryptoKey | undefined> {
  try {
    return key.type === 'ec'
      ? await subtle.importKey(
          'raw',
          new Uint8Array(key.point),
          { name: 'ECDSA', namedCurve: key.curve },
          false,
          ['verify'],
        )
      : await subtle.importKey(
          'spki',
          new Uint8Array(key.spki),
          { name: scheme.name, hash: scheme.hash },
          false,
          ['verify'],
        );
  } catch {
    return undefined;
  }
}

// Importing costs as much as half a verification, and the keys of a vendor's CAs come again and again.
const imported = new WeakMap<PublicKey, Map<SignatureAlgorithm, Promise<CryptoKey | undefined>>>();

function importedKey(
  subtle: SubtleCrypto,
  key: PublicKey,
  algorithm: SignatureAlgorithm,
): Promise<CryptoKey | undefined> {
  const known = imported.get(key) ?? new Map<SignatureAlgorithm, Promise<CryptoKey | undefined>>();
  imported.set(key, known);
  const found = known.get(algorithm) ?? importKey(subtle, key, schemes[algorithm]);
  known.set(algorithm, found);
  return found;
}

/**
 * Verifies a signature with WebCrypto. `signature` is r and s of the curve's length each, or the bytes of the RSA
 * integer. A key of another type than the algorithm's, or one that is no point of its curve, verifies nothing.
 * Throws `ATTEST_NO_WEBCRYPTO`.
 */
export async function verifySignature(
  key: PublicKey,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
  message: Uint8Array,
): Promise<boolean> {
  const subtle = subtleCrypto();
  const scheme = schemes[algorithm];
  if ((scheme.name === 'ECDSA') !== (key.type === 'ec')) return false;
  if (key.type === 'ec' && signature.length !== 2 * scalarBytes[key.curve]) return false;
  const cryptoKey = await importedKey(subtle, key, algorithm);
  if (cryptoKey === undefined) return false;
  const { name, hash, saltLength } = scheme;
  const parameters = saltLength === undefined ? { name, hash } : { name, saltLength };
  return subtle.verify(parameters, cryptoKey, new Uint8Array(signature), new Uint8Array(message));
}
