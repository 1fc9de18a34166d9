import { DerReader, derTags } from './der-reader.ts';
import { readOctetBits, readUnsigned } from './der-values.ts';
import { type Curve, scalarBytes } from './public-key.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';

/** Most bytes of a signature: RSA with 4096 bits. */
const MAX_SIGNATURE_BYTES = 512;

/** A signature over the curve's field as r and s, whatever the key: a wrong curve shows when it is verified. */
function curveOf(algorithm: SignatureAlgorithm): Curve | undefined {
  if (algorithm === 'ecdsa-sha256') return 'P-256';
  return algorithm === 'ecdsa-sha384' ? 'P-384' : undefined;
}

function scalar(reader: DerReader, field: string, length: number): Uint8Array {
  const start = reader.offset;
  const bytes = readUnsigned(reader, field);
  const shortest = bytes[0] === 0 ? bytes.subarray(1) : bytes;
  if (shortest.length > length) reader.fail(`${field} is longer than ${length} bytes`, start);
  const out = new Uint8Array(length);
  out.set(shortest, length - shortest.length);
  return out;
}

/** r and s, each as long as the field, of a DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3). Throws `ATTEST_FORMAT`. */
function parseEcdsaSignature(der: Uint8Array, curve: Curve, what: string): Uint8Array {
  const document = new DerReader(der, `${what} signature`);
  const pair = document.read(derTags.sequence, 'signature value');
  document.end();
  const length = scalarBytes[curve];
  const out = new Uint8Array(2 * length);
  out.set(scalar(pair, 'r', length), 0);
  out.set(scalar(pair, 's', length), length);
  pair.end();
  return out;
}

/** The signature in a BIT STRING: r and s for ECDSA, the integer's bytes for RSA. */
export function readSignature(reader: DerReader, algorithm: SignatureAlgorithm, what: string): Uint8Array {
  const start = reader.offset;
  const bytes = readOctetBits(reader, 'signature');
  if (bytes.length > MAX_SIGNATURE_BYTES) reader.fail('signature is too long', start);
  const curve = curveOf(algorithm);
  return curve === undefined ? bytes : parseEcdsaSignature(bytes, curve, what);
}
