import { type Address, asAddress, fromHex, keccak256, toPrefixedHex } from '@dcml/core';
import { ChannelError } from './channel-error.ts';
import type { Signature } from './types.ts';

/** A signature in the form that libraries take. */
export interface SplitSignature {
  /** r and s, 64 bytes. */
  readonly compact: Uint8Array<ArrayBuffer>;
  /** 0 for v = 27, 1 for v = 28. */
  readonly recovery: 0 | 1;
}

// SEC 2 version 2, section 2.4.1: the order n, and its half. EIP-2: s above the half is refused.
const ORDER = fromHex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
const HALF_ORDER = fromHex('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0');
const ZERO = new Uint8Array(32);

/** Compares 32 bytes at `offset` with a big-endian bound: negative, zero or positive. */
function compareScalar(bytes: Uint8Array, offset: number, bound: Uint8Array): number {
  for (let i = 0; i < 32; i++) {
    const difference = bytes[offset + i]! - bound[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Splits a signature, or returns null unless it is exactly 65 bytes of lowercase hex with 0 < r < n,
 * 0 < s <= n/2 and v 27 or 28. One text per signature, so a voucher cannot be told apart from its twin.
 */
export function trySplitSignature(signature: string): SplitSignature | null {
  if (signature.length !== 132 || !signature.startsWith('0x')) return null;
  const v = signature.slice(130);
  if (v !== '1b' && v !== '1c') return null;
  const digits = signature.slice(2, 130);
  if (!/^[0-9a-f]*$/.test(digits)) return null;
  const compact = fromHex(digits);
  if (compareScalar(compact, 0, ZERO) === 0 || compareScalar(compact, 0, ORDER) >= 0) return null;
  if (compareScalar(compact, 32, ZERO) === 0 || compareScalar(compact, 32, HALF_ORDER) > 0) return null;
  return { compact, recovery: v === '1c' ? 1 : 0 };
}

/** Throws `CHANNEL_SIGNATURE` unless `text` is a signature in its only accepted form. */
export function asSignature(text: string, what = 'signature'): Signature {
  if (trySplitSignature(text) === null) {
    throw new ChannelError(
      'CHANNEL_SIGNATURE',
      `${what}: expected 0x and 65 bytes r, s, v in lowercase hex, r and s within the order, s low, v 27 or 28`,
    );
  }
  return text as Signature;
}

/** Joins what `trySplitSignature` splits. Throws `CHANNEL_SIGNATURE` on a scalar out of range. */
export function joinSignature(compact: Uint8Array, recovery: number): Signature {
  return asSignature(`${toPrefixedHex(compact)}${recovery === 0 ? '1b' : '1c'}`);
}

/** The account of an uncompressed public key (65 bytes, 0x04 first): the last 20 bytes of its Keccak-256. */
export function addressOfPublicKey(publicKey: Uint8Array): Address {
  return asAddress(toPrefixedHex(keccak256(publicKey.subarray(1)).subarray(12)));
}
