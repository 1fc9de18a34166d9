import { AttestError } from '../attest-error.ts';
import { DerReader, derTags } from '../x509/der-reader.ts';
import { readOctetBits } from '../x509/der-values.ts';
import type { PublicKey } from '../x509/public-key.ts';
import type { CertIdHash } from './ocsp-response.ts';

/** A digest by WebCrypto, which has SHA-1 too: OCSP names certificates by it, nothing is proven with it. */
export async function digest(hash: CertIdHash, bytes: Uint8Array): Promise<Uint8Array> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) {
    throw new AttestError('ATTEST_NO_WEBCRYPTO', 'crypto.subtle is not available in this environment');
  }
  return new Uint8Array(await subtle.digest(hash, new Uint8Array(bytes)));
}

/** The content of the BIT STRING of a SubjectPublicKeyInfo, which OCSP hashes. */
export function publicKeyBits(key: PublicKey): Uint8Array {
  if (key.type === 'ec') return key.point;
  const info = new DerReader(key.spki, 'public key info').read(derTags.sequence, 'public key info');
  info.read(derTags.sequence, 'public key algorithm');
  return readOctetBits(info, 'public key');
}
