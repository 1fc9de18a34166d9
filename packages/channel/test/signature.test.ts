import { toPrefixedHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { addressOfPublicKey, asSignature, joinSignature, trySplitSignature } from '../src/signature.ts';
import type { Signature } from '../src/types.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const word = (value: bigint): string => value.toString(16).padStart(64, '0');
const signature = (r: bigint, s: bigint, v = '1b'): Signature => `0x${word(r)}${word(s)}${v}`;

describe('trySplitSignature', () => {
  it('accepts r up to n - 1 and s up to n / 2', () => {
    for (const [r, s] of [
      [1n, 1n],
      [ORDER - 1n, ORDER / 2n],
    ] as const) {
      const split = trySplitSignature(signature(r, s, '1c'));
      expect(split).toEqual({ compact: expect.any(Uint8Array), recovery: 1 });
      expect(joinSignature(split!.compact, split!.recovery)).toBe(signature(r, s, '1c'));
    }
  });

  it.each([
    ['r = 0', signature(0n, 1n)],
    ['s = 0', signature(1n, 0n)],
    ['r = n', signature(ORDER, 1n)],
    ['high s', signature(1n, ORDER / 2n + 1n)],
    ['s = n - 1', signature(1n, ORDER - 1n)],
    ['v = 0', signature(1n, 1n, '00')],
    ['v = 1', signature(1n, 1n, '01')],
    ['v = 29', signature(1n, 1n, '1d')],
    ['capital v', signature(1n, 1n, '1B')],
    ['capitals', signature(0xabcn, 1n).toUpperCase().replace('0X', '0x')],
    ['no prefix', `00${signature(1n, 1n).slice(2)}`],
    ['trailing byte', `${signature(1n, 1n)}00`],
    ['not hex', signature(1n, 1n).replace('0x0', '0xg')],
    ['empty', ''],
  ])('refuses %s (CHANNEL_SIGNATURE)', (_, text) => {
    expect(trySplitSignature(text)).toBeNull();
    expect(() => asSignature(text)).toThrow(expect.objectContaining({ code: 'CHANNEL_SIGNATURE' }));
  });

  it('refuses a signature cut at any character', () => {
    const whole = signature(5n, 7n);
    for (let length = 0; length < whole.length; length++) {
      expect(trySplitSignature(whole.slice(0, length))).toBeNull();
    }
  });
});

it('addressOfPublicKey gives the account of private key 1', () => {
  // The generator point (SEC 2 version 2, section 2.4.1) and its well-known account.
  const x = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n;
  const y = 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n;
  const publicKey = Uint8Array.from(Buffer.from(`04${word(x)}${word(y)}`, 'hex'));
  expect(addressOfPublicKey(publicKey)).toBe('0x7e5f4552091a69125d5dfcb7b8c2659029395bdf');
  expect(toPrefixedHex(publicKey)).toHaveLength(132);
});
