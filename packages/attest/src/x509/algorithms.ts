import { equalBytes, fromHex, toHex } from '@dcml/core';
import { DerReader, derTags } from './der-reader.ts';
import { readOctetBits, readOid, readUnsigned } from './der-values.ts';

/** AlgorithmIdentifier ecdsa-with-SHA256 without parameters (RFC 5758 section 3.2). */
const ECDSA_SHA256 = fromHex('300a06082a8648ce3d040302');
const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const PRIME256V1 = '1.2.840.10045.3.1.7';

/** Requires ECDSA with SHA-256, the only signature algorithm of Intel's PKI. */
export function readEcdsaSha256(reader: DerReader, field: string): void {
  const start = reader.offset;
  const encoded = reader.encoded(derTags.sequence, field);
  if (!equalBytes(encoded, ECDSA_SHA256)) {
    reader.fail(`${field} is ${toHex(encoded)}, not ecdsa-with-SHA256`, start);
  }
}

/** The uncompressed P-256 point (65 bytes) of a SubjectPublicKeyInfo (RFC 5480). */
export function readP256PublicKey(reader: DerReader): Uint8Array {
  const info = reader.read(derTags.sequence, 'public key info');
  const algorithm = info.read(derTags.sequence, 'public key algorithm');
  const start = algorithm.offset;
  const algorithmOid = readOid(algorithm, 'public key algorithm');
  const curve = readOid(algorithm, 'curve');
  algorithm.end();
  if (algorithmOid !== EC_PUBLIC_KEY || curve !== PRIME256V1) {
    reader.fail('public key is not on P-256', start);
  }
  const pointAt = info.offset;
  const point = readOctetBits(info, 'public key');
  if (point.length !== 65 || point[0] !== 4) reader.fail('public key is not an uncompressed point', pointAt);
  info.end();
  return point;
}

function scalar(reader: DerReader, field: string): Uint8Array {
  const start = reader.offset;
  const bytes = readUnsigned(reader, field);
  const shortest = bytes[0] === 0 ? bytes.subarray(1) : bytes;
  if (shortest.length > 32) reader.fail(`${field} is longer than 32 bytes`, start);
  const out = new Uint8Array(32);
  out.set(shortest, 32 - shortest.length);
  return out;
}

/** r and s, 64 bytes, of a BIT STRING that holds an Ecdsa-Sig-Value (RFC 3279 section 2.2.3). */
export function readEcdsaSignature(reader: DerReader, what: string): Uint8Array {
  const signature = new DerReader(readOctetBits(reader, 'signature'), `${what} signature`);
  const pair = signature.read(derTags.sequence, 'signature value');
  const out = new Uint8Array(64);
  out.set(scalar(pair, 'r'), 0);
  out.set(scalar(pair, 's'), 32);
  pair.end();
  signature.end();
  return out;
}
