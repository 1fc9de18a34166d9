import { concatBytes } from '@dcml/core';
import { ByteCursor } from '../byte-cursor.ts';
import { ecPublicKey, type PublicKey } from '../x509/public-key.ts';
import { tpmAlgorithms } from './algorithm-ids.ts';
import { rsaPublicKey } from './rsa-public-key.ts';

const MAX_PUBLIC_BYTES = 1024;

// Bits of TPMA_OBJECT (TPM 2.0 Library, Part 2, section 8.3.2).
const FIXED_TPM = 1 << 1;
const RESTRICTED = 1 << 16;
const DECRYPT = 1 << 17;
const SIGN = 1 << 18;

/** The public area of a TPM key, read and not yet believed. */
export interface TpmPublic {
  readonly key: PublicKey;
  /** The key never leaves its TPM and signs nothing but what this TPM made: without that a quote proves nothing. */
  readonly isAttestationKey: boolean;
}

/** A TPMT_RSA_SCHEME, TPMT_ECC_SCHEME or TPMT_KDF_SCHEME; all but the null scheme name a hash. */
function skipScheme(cursor: ByteCursor, field: string): void {
  const start = cursor.offset;
  const scheme = cursor.u16be(field);
  if (scheme === tpmAlgorithms.null) return;
  const known: readonly number[] = [tpmAlgorithms.rsassa, tpmAlgorithms.rsapss, tpmAlgorithms.ecdsa];
  if (!known.includes(scheme)) cursor.fail(`${field} 0x${scheme.toString(16)} is not supported`, start);
  cursor.u16be(`hash of ${field}`);
}

function requireNull(cursor: ByteCursor, field: string): void {
  const start = cursor.offset;
  if (cursor.u16be(field) !== tpmAlgorithms.null) cursor.fail(`signing key has a ${field}`, start);
}

function readRsa(cursor: ByteCursor): PublicKey {
  requireNull(cursor, 'symmetric algorithm');
  skipScheme(cursor, 'scheme');
  const start = cursor.offset;
  const keyBits = cursor.u16be('key bits');
  const exponent = cursor.u32be('exponent');
  // 0 stands for the default, 65537 (section 12.2.3.5).
  if (exponent !== 0 && exponent !== 65_537) cursor.fail(`RSA exponent ${exponent} is not 65537`, start + 2);
  const modulus = cursor.bytes(cursor.u16be('size of the modulus'), 'modulus');
  if (8 * modulus.length !== keyBits || modulus[0]! < 0x80) {
    cursor.fail(`modulus is not one of ${keyBits} bits`, start);
  }
  return rsaPublicKey(modulus);
}

function readEcc(cursor: ByteCursor): PublicKey {
  requireNull(cursor, 'symmetric algorithm');
  skipScheme(cursor, 'scheme');
  const start = cursor.offset;
  const curveId = cursor.u16be('curve');
  const curve = curveId === 3 ? 'P-256' : curveId === 4 ? 'P-384' : undefined;
  if (curve === undefined) return cursor.fail(`curve 0x${curveId.toString(16)} is not supported`, start);
  requireNull(cursor, 'key derivation');
  const length = curve === 'P-256' ? 32 : 48;
  const coordinate = (field: string): Uint8Array => {
    const size = cursor.u16be(`size of ${field}`);
    if (size > length) cursor.fail(`${field} has ${size} bytes, expected ${length}`);
    const bytes = cursor.bytes(size, field);
    return concatBytes(new Uint8Array(length - size), bytes);
  };
  const x = coordinate('x');
  return ecPublicKey(curve, concatBytes(x, coordinate('y')));
}

/**
 * Parses a TPMT_PUBLIC (TPM 2.0 Library, Part 2, section 12.2.4) of a signing key: RSA of 2048 to 4096 bits, or ECDSA on
 * P-256 or P-384. Throws `ATTEST_FORMAT`.
 */
export function parseTpmPublic(bytes: Uint8Array): TpmPublic {
  const cursor = new ByteCursor(bytes, 'TPM public area');
  if (bytes.length > MAX_PUBLIC_BYTES) cursor.fail(`is longer than ${MAX_PUBLIC_BYTES} bytes`);
  const type = cursor.u16be('type');
  if (type !== tpmAlgorithms.rsa && type !== tpmAlgorithms.ecc) {
    cursor.fail(`key type 0x${type.toString(16)} is not supported`, 0);
  }
  cursor.u16be('name algorithm');
  const attributes = cursor.u32be('attributes');
  cursor.bytes(cursor.u16be('size of the policy'), 'policy');
  const key = type === tpmAlgorithms.rsa ? readRsa(cursor) : readEcc(cursor);
  cursor.end();
  const needed = FIXED_TPM | RESTRICTED | SIGN;
  return { key, isAttestationKey: (attributes & (needed | DECRYPT)) === needed };
}
