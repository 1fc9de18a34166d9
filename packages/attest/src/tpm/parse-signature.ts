import { concatBytes } from '@dcml/core';
import { ByteCursor } from '../byte-cursor.ts';
import type { SignatureAlgorithm } from '../x509/signature-algorithm.ts';
import { tpmAlgorithms } from './algorithm-ids.ts';

/** Hash that a TPM signature uses, for the message and for the PCR digest in it. */
export type TpmHash = 'sha256' | 'sha384';

export interface TpmSignature {
  readonly algorithm: SignatureAlgorithm;
  readonly hash: TpmHash;
  /** The bytes of the RSA integer, or r and s. */
  readonly signature: Uint8Array;
}

/** Lengths of signatures by RSA keys of 2048, 3072 and 4096 bits. */
const RSA_LENGTHS: readonly number[] = [256, 384, 512];

function leftPad(bytes: Uint8Array, length: number): Uint8Array {
  return concatBytes(new Uint8Array(length - bytes.length), bytes);
}

function readHash(cursor: ByteCursor): TpmHash {
  const start = cursor.offset;
  const hash = cursor.u16be('hash algorithm');
  if (hash === tpmAlgorithms.sha256) return 'sha256';
  if (hash === tpmAlgorithms.sha384) return 'sha384';
  return cursor.fail(`hash algorithm 0x${hash.toString(16)} is not supported`, start);
}

function readRsa(cursor: ByteCursor): Uint8Array {
  const start = cursor.offset;
  const size = cursor.u16be('size of the signature');
  if (!RSA_LENGTHS.includes(size)) cursor.fail(`RSA signature has ${size} bytes`, start);
  return cursor.bytes(size, 'signature');
}

/** r or s; TPMs leave out leading zeros or keep them. */
function readScalar(cursor: ByteCursor, field: string, length: number): Uint8Array {
  const start = cursor.offset;
  const size = cursor.u16be(`size of ${field}`);
  if (size > length || size === 0) cursor.fail(`${field} has ${size} bytes, expected ${length}`, start);
  return leftPad(cursor.bytes(size, field), length);
}

/**
 * Parses a TPMT_SIGNATURE (TPM 2.0 Library, Part 2, section 11.3.4) by RSASSA, RSAPSS or ECDSA with SHA-256 (P-256) or
 * SHA-384 (P-384), or the bytes of an RSA signature alone (RSASSA with SHA-256), which their length tells apart: a
 * TPMT_SIGNATURE by RSA is six bytes longer and one by ECDSA far shorter. Throws `ATTEST_FORMAT`.
 */
export function parseTpmSignature(bytes: Uint8Array): TpmSignature {
  if (RSA_LENGTHS.includes(bytes.length))
    return { algorithm: 'rsa-sha256', hash: 'sha256', signature: bytes };
  const cursor = new ByteCursor(bytes, 'TPM signature');
  const scheme = cursor.u16be('scheme');
  const known: readonly number[] = [tpmAlgorithms.rsassa, tpmAlgorithms.rsapss, tpmAlgorithms.ecdsa];
  if (!known.includes(scheme)) cursor.fail(`scheme 0x${scheme.toString(16)} is not supported`, 0);
  const hash = readHash(cursor);
  if (scheme !== tpmAlgorithms.ecdsa) {
    const signature = readRsa(cursor);
    cursor.end();
    const prefix = scheme === tpmAlgorithms.rsassa ? 'rsa' : 'rsa-pss';
    return { algorithm: `${prefix}-${hash}`, hash, signature };
  }
  const length = hash === 'sha256' ? 32 : 48;
  const r = readScalar(cursor, 'r', length);
  const s = readScalar(cursor, 's', length);
  cursor.end();
  return { algorithm: `ecdsa-${hash}`, hash, signature: concatBytes(r, s) };
}
