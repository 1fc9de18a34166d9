import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { fromHex } from '@dcml/core';

/** The algorithms with which the vendors' PKIs sign. */
export type SigningAlgorithm = 'ecdsa-sha256' | 'ecdsa-sha384' | 'rsa-sha256' | 'rsa-pss-sha384';

/** A key of a simulated vendor, of any type: what it takes to stand in a certificate and to sign one. */
export interface SigningKey {
  readonly algorithm: SigningAlgorithm;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly signer: KeyObject;
}

const PSS_SHA384 =
  '304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130';

/** DER of the AlgorithmIdentifier of signatures by such a key. */
export const signatureAlgorithms: Readonly<Record<SigningAlgorithm, Uint8Array>> = {
  'ecdsa-sha256': fromHex('300a06082a8648ce3d040302'),
  'ecdsa-sha384': fromHex('300a06082a8648ce3d040303'),
  'rsa-sha256': fromHex('300d06092a864886f70d01010b0500'),
  'rsa-pss-sha384': fromHex(PSS_SHA384),
};

function generate(
  algorithm: SigningAlgorithm,
  rsaBits: number,
): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 'ecdsa-sha256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'ecdsa-sha384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 'rsa-sha256':
    case 'rsa-pss-sha384':
      return generateKeyPairSync('rsa', { modulusLength: rsaBits });
  }
}

/** A new key. RSA has 2048 bits unless told otherwise, since longer keys take seconds to find. */
export function createSigningKey(algorithm: SigningAlgorithm, rsaBits = 2048): SigningKey {
  const { publicKey, privateKey } = generate(algorithm, rsaBits);
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  return { algorithm, spki, signer: privateKey };
}

/** Signs: ECDSA as `der` (certificates) or `raw` (r and s of the field's length), RSA as the bytes of the integer. */
export function signWith(key: SigningKey, message: Uint8Array, form: 'der' | 'raw'): Uint8Array {
  const { algorithm, signer } = key;
  const hash = algorithm.endsWith('sha256') ? 'sha256' : 'sha384';
  if (algorithm === 'rsa-sha256') return new Uint8Array(sign(hash, message, signer));
  if (algorithm === 'rsa-pss-sha384') {
    const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 };
    return new Uint8Array(sign(hash, message, { key: signer, ...padding }));
  }
  const dsaEncoding = form === 'der' ? 'der' : 'ieee-p1363';
  return new Uint8Array(sign(hash, message, { key: signer, dsaEncoding }));
}
