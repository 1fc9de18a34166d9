import { concatBytes, encodeUtf8, equalBytes, fromHex } from '@dcml/core';
import { CborReader } from '../cbor/cbor-reader.ts';

/** Tag of COSE_Sign1 (RFC 9052 section 2), which may be left out. */
const COSE_SIGN1 = 18;
/** {1: -35}: the algorithm is ES384 (RFC 9053 section 2.1), and nothing else is said. */
const PROTECTED_HEADER = fromHex('a1013822');
const SIGNATURE_BYTES = 96;
const MAX_PAYLOAD_BYTES = 16_384;

/** A COSE_Sign1 under ES384, read and not yet believed. */
export interface CoseSign1 {
  readonly payload: Uint8Array;
  /** Where the payload begins in the whole. */
  readonly payloadOffset: number;
  /** r and s, 48 bytes each. */
  readonly signature: Uint8Array;
  /** What the signature covers: the Sig_structure of RFC 9052 section 4.4, without external data. */
  readonly signedBytes: Uint8Array;
}

function byteString(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const head =
    length < 24 ? [0x40 | length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 0xff];
  return concatBytes(Uint8Array.from(head), bytes);
}

function signedStructure(payload: Uint8Array): Uint8Array {
  return concatBytes(
    Uint8Array.of(0x84, 0x6a),
    encodeUtf8('Signature1'),
    byteString(PROTECTED_HEADER),
    byteString(new Uint8Array(0)),
    byteString(payload),
  );
}

/** Reads exactly these bytes as a COSE_Sign1 of AWS: ES384 and no unprotected header. Throws `ATTEST_FORMAT`. */
export function parseCoseSign1(bytes: Uint8Array, what: string): CoseSign1 {
  const reader = new CborReader(bytes, what);
  reader.takeTag(COSE_SIGN1);
  reader.array('COSE_Sign1', 4, 4);
  const headerAt = reader.offset;
  if (!equalBytes(reader.bytes('protected header', 0, 64), PROTECTED_HEADER)) {
    reader.fail('protected header does not say ES384 and nothing else', headerAt);
  }
  const unexpected = (): never => reader.fail('unprotected header is not empty');
  reader.map('unprotected header', 0, unexpected, unexpected);
  const payload = reader.bytes('payload', 1, MAX_PAYLOAD_BYTES);
  const payloadOffset = reader.offset - payload.length;
  const signature = reader.bytes('signature', SIGNATURE_BYTES, SIGNATURE_BYTES);
  reader.end();
  return { payload, payloadOffset, signature, signedBytes: signedStructure(payload) };
}
