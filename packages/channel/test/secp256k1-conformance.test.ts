import { keccak256, toPrefixedHex } from '@dcml/core';
import fc from 'fast-check';
import { recoverAddress } from 'viem';
import { privateKeyToAccount, sign as viemSign } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { nativeSecp256k1 } from '../src/native/native-secp256k1.ts';
import { nobleSecp256k1 } from '../src/noble/noble-secp256k1.ts';
import type { Secp256k1 } from '../src/secp256k1.ts';
import { addressOfPublicKey, trySplitSignature } from '../src/signature.ts';
import type { Signature } from '../src/types.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const backends: readonly (readonly [string, Secp256k1])[] = [
  ['noble', nobleSecp256k1],
  ['native', nativeSecp256k1],
];
const bytesOf = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
const anyKey = fc.bigInt({ min: 1n, max: ORDER - 1n }).map(bytesOf);
const anyDigest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const flipV = (signature: Signature): Signature =>
  `${signature.slice(0, 130)}${signature.endsWith('1b') ? '1c' : '1b'}` as Signature;

describe.each(backends)('secp256k1 conformance: %s', (_, secp) => {
  it('agrees with viem on accounts, signatures and recovery', async () => {
    await fc.assert(
      fc.asyncProperty(anyKey, anyDigest, async (privateKey, digest) => {
        const signature = secp.sign(digest, privateKey);
        const address = privateKeyToAccount(toPrefixedHex(privateKey)).address.toLowerCase();
        expect(secp.addressOf(privateKey)).toBe(address);
        expect(secp.recoverAddress(digest, signature)).toBe(address);
        const hash = toPrefixedHex(digest);
        expect((await recoverAddress({ hash, signature })).toLowerCase()).toBe(address);
        expect(signature).toBe(await viemSign({ hash, privateKey: toPrefixedHex(privateKey), to: 'hex' }));
      }),
      { numRuns: 15 },
    );
  });

  it('signs in the strict form only', () => {
    fc.assert(
      fc.property(anyKey, anyDigest, (privateKey, digest) => {
        expect(trySplitSignature(secp.sign(digest, privateKey))).not.toBeNull();
      }),
      { numRuns: 15 },
    );
  });

  it('recovers the public key in uncompressed form', () => {
    const digest = keccak256(new Uint8Array(3));
    const publicKey = secp.recoverPublicKey(digest, secp.sign(digest, bytesOf(9n)));
    expect(publicKey?.length).toBe(65);
    expect(publicKey?.[0]).toBe(4);
    expect(addressOfPublicKey(publicKey!)).toBe(secp.addressOf(bytesOf(9n)));
  });

  it('another digest, a flipped v or any flipped byte never gives the signer', () => {
    const privateKey = bytesOf(77n);
    const digest = keccak256(Uint8Array.of(1));
    const signature = secp.sign(digest, privateKey);
    const address = secp.addressOf(privateKey);
    expect(secp.recoverAddress(keccak256(Uint8Array.of(2)), signature)).not.toBe(address);
    expect(secp.recoverAddress(digest, flipV(signature))).not.toBe(address);
    for (let i = 2; i < signature.length; i += 2) {
      const byte = (Number.parseInt(signature.slice(i, i + 2), 16) ^ 1).toString(16).padStart(2, '0');
      const flipped = `${signature.slice(0, i)}${byte}${signature.slice(i + 2)}` as Signature;
      expect(secp.recoverAddress(digest, flipped)).not.toBe(address);
    }
  });

  it('refuses the twin with high s', () => {
    const digest = keccak256(Uint8Array.of(1));
    const signature = secp.sign(digest, bytesOf(77n));
    const s = ORDER - BigInt(`0x${signature.slice(66, 130)}`);
    const twin = flipV(
      `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${signature.slice(130)}` as Signature,
    );
    expect(secp.recoverAddress(digest, twin)).toBeNull();
    expect(secp.recoverPublicKey(digest, twin)).toBeNull();
  });

  it('answers null for an r that is the x of no point, and for malformed text', () => {
    const digest = keccak256(Uint8Array.of(1));
    // x = 5: 5^3 + 7 = 132 is no square modulo p.
    const noPoint = `0x${'5'.padStart(64, '0')}${'1'.padStart(64, '0')}1b` as Signature;
    expect(trySplitSignature(noPoint)).not.toBeNull();
    expect(secp.recoverAddress(digest, noPoint)).toBeNull();
    expect(secp.recoverAddress(digest, '0x')).toBeNull();
  });

  it.each([
    ['zero', new Uint8Array(32)],
    ['the order', bytesOf(ORDER)],
    ['too large', new Uint8Array(32).fill(255)],
    ['short', new Uint8Array(31).fill(1)],
    ['long', new Uint8Array(33).fill(1)],
  ])('refuses a private key that is %s (CHANNEL_KEY)', (_what, privateKey) => {
    const invalid = expect.objectContaining({ code: 'CHANNEL_KEY' });
    expect(() => secp.sign(new Uint8Array(32), privateKey)).toThrow(invalid);
    expect(() => secp.addressOf(privateKey)).toThrow(invalid);
  });
});

it('both backends agree on arbitrary well-formed signatures', () => {
  const scalar = fc.bigInt({ min: 1n, max: ORDER / 2n });
  fc.assert(
    fc.property(anyDigest, scalar, scalar, fc.constantFrom('1b', '1c'), (digest, r, s, v) => {
      const word = (value: bigint): string => value.toString(16).padStart(64, '0');
      const signature = `0x${word(r)}${word(s)}${v}` as Signature;
      expect(nativeSecp256k1.recoverAddress(digest, signature)).toBe(
        nobleSecp256k1.recoverAddress(digest, signature),
      );
    }),
    { numRuns: 40 },
  );
});
