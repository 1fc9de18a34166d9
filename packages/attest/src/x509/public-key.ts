import { concatBytes } from '@dcml/core';
import { DerReader, derTags } from './der-reader.ts';
import { readOctetBits, readOid } from './der-values.ts';

export type Curve = 'P-256' | 'P-384';

/** A key that can verify, read and not yet believed. */
export type PublicKey =
  | {
      readonly type: 'ec';
      readonly curve: Curve;
      /** Uncompressed: 65 or 97 bytes. */
      readonly point: Uint8Array;
    }
  | {
      readonly type: 'rsa';
      /** DER of the SubjectPublicKeyInfo. */
      readonly spki: Uint8Array;
    };

const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
const curves: ReadonlyMap<string, Curve> = new Map([
  ['1.2.840.10045.3.1.7', 'P-256'],
  ['1.3.132.0.34', 'P-384'],
]);

export const scalarBytes: Readonly<Record<Curve, number>> = { 'P-256': 32, 'P-384': 48 };

/** A key from its coordinates x and y, each as long as the curve's field. */
export function ecPublicKey(curve: Curve, coordinates: Uint8Array): PublicKey {
  return { type: 'ec', curve, point: concatBytes(Uint8Array.of(4), coordinates) };
}

function readRsaKey(info: DerReader, spki: Uint8Array): PublicKey {
  const start = info.offset;
  const key = new DerReader(readOctetBits(info, 'public key'), 'RSA public key');
  const numbers = key.read(derTags.sequence, 'RSA public key');
  key.end();
  const modulus = numbers.read(derTags.integer, 'modulus').rest();
  const exponent = numbers.read(derTags.integer, 'exponent').rest();
  numbers.end();
  // A modulus whose top bit is set has a zero byte in front.
  const bits = 8 * (modulus[0] === 0 ? modulus.length - 1 : modulus.length);
  if (bits !== 2048 && bits !== 3072 && bits !== 4096) info.fail(`RSA key has ${bits} bits`, start);
  if (exponent.length !== 3 || exponent[0] !== 1 || exponent[1] !== 0 || exponent[2] !== 1) {
    info.fail('RSA exponent is not 65537', start);
  }
  return { type: 'rsa', spki };
}

/** Reads a SubjectPublicKeyInfo (RFC 5480, RFC 3279): ECDSA on P-256 or P-384, or RSA of 2048 to 4096 bits. */
export function readPublicKey(reader: DerReader): PublicKey {
  const spki = reader.encoded(derTags.sequence, 'public key info');
  const document = new DerReader(spki, 'public key info');
  const info = document.read(derTags.sequence, 'public key info');
  const algorithm = info.read(derTags.sequence, 'public key algorithm');
  const start = algorithm.offset;
  const oid = readOid(algorithm, 'public key algorithm');
  if (oid === RSA_ENCRYPTION) {
    if (algorithm.read(derTags.null, 'RSA parameters').rest().length > 0) algorithm.fail('NULL has content');
    algorithm.end();
    const key = readRsaKey(info, spki);
    info.end();
    return key;
  }
  if (oid !== EC_PUBLIC_KEY) document.fail(`public key algorithm ${oid} is not supported`, start);
  const curve = curves.get(readOid(algorithm, 'curve'));
  algorithm.end();
  if (curve === undefined) return document.fail('public key is on neither P-256 nor P-384', start);
  const pointAt = info.offset;
  const point = readOctetBits(info, 'public key');
  if (point.length !== 1 + 2 * scalarBytes[curve] || point[0] !== 4) {
    document.fail('public key is not an uncompressed point', pointAt);
  }
  info.end();
  return { type: 'ec', curve, point };
}

/** A key that stands by itself as DER. Throws `ATTEST_FORMAT`. */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  const reader = new DerReader(spki, 'public key info');
  const key = readPublicKey(reader);
  reader.end();
  return key;
}
