import { equalBytes, fromHex } from '@dcml/core';
import type { ByteCursor } from '../byte-cursor.ts';

/** Guests hand out quotes in buffers of up to 8,000 bytes; twice that is room for a longer chain. */
export const MAX_QUOTE_BYTES = 16_384;
export const QUOTE_HEADER_BYTES = 48;

export const TEE_SGX = 0;
export const TEE_TDX = 0x81;

const INTEL_VENDOR_ID = fromHex('939a7233f79c4ca9940a0db3957f0607');
const ECDSA_P256 = 2;
const teeNames: ReadonlyMap<number, string> = new Map([
  [TEE_SGX, 'SGX'],
  [TEE_TDX, 'TDX'],
]);

/** Header of a quote (48 bytes). */
export interface QuoteHeader {
  readonly version: number;
  /** 2 is ECDSA over P-256. */
  readonly attestationKeyType: number;
  /** 0x81 is TDX, 0 SGX. */
  readonly teeType: number;
  readonly vendorId: Uint8Array;
}

/** Reads a header with one of `versions` for one kind of TEE. Throws `ATTEST_FORMAT` with the offset. */
export function readQuoteHeader(
  cursor: ByteCursor,
  versions: readonly number[],
  expectedTee: number,
): QuoteHeader {
  const version = cursor.u16('version');
  if (!versions.includes(version)) {
    cursor.fail(`quote version ${version} is not supported (expected ${versions.join(' or ')})`, 0);
  }
  const attestationKeyType = cursor.u16('attestation key type');
  if (attestationKeyType !== ECDSA_P256) {
    cursor.fail(`attestation key type ${attestationKeyType} is not ECDSA P-256`, 2);
  }
  // In version 3 these four bytes are reserved and zero, which is the type of SGX.
  const teeType = cursor.u32('TEE type');
  if (teeType !== expectedTee) {
    cursor.fail(`TEE type 0x${teeType.toString(16)} is not ${teeNames.get(expectedTee)}`, 4);
  }
  // Version 3 has the SVNs of quoting enclave and PCE here; both are judged where Intel certifies them.
  if (version === 3) cursor.bytes(4, 'QE SVN and PCE SVN');
  else cursor.zero(4, 'reserved');
  const vendorId = cursor.bytes(16, 'QE vendor id');
  if (!equalBytes(vendorId, INTEL_VENDOR_ID)) cursor.fail('QE vendor is not Intel', 12);
  cursor.bytes(20, 'user data');
  return { version, attestationKeyType, teeType, vendorId };
}
