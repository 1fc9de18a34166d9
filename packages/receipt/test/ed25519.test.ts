import { fromHex } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { isStrictEd25519Key, verifyEd25519 } from '../src/index.ts';
import { ed25519Signer, signer } from './fixtures.ts';

const message = new TextEncoder().encode('a receipt');
const publicKey = fromHex(signer.publicKeyHex);
const signature = signer.sign(message);
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

describe('ed25519, strictly', () => {
  it('verifies RFC 8032 section 7.1, test 2', async () => {
    const key = fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
    const signed = fromHex(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
    expect(await verifyEd25519(key, Uint8Array.of(0x72), signed)).toBe(true);
  });

  it('verifies any message of its key and no other: property', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 99 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        async (bytes, seed) => {
          const other = ed25519Signer([...seed].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
          expect(await verifyEd25519(fromHex(other.publicKeyHex), bytes, other.sign(bytes))).toBe(true);
          expect(await verifyEd25519(publicKey, bytes, other.sign(bytes))).toBe(false);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('refuses every flipped byte of the signature', async () => {
    for (let at = 0; at < 64; at++) {
      const flipped = signature.slice();
      flipped[at]! ^= 1;
      expect(await verifyEd25519(publicKey, message, flipped)).toBe(false);
    }
  });

  it('refuses a second signature made by adding the group order to S', async () => {
    let s = 0n;
    for (let i = 63; i >= 32; i--) s = (s << 8n) | BigInt(signature[i]!);
    s += L;
    const second = signature.slice();
    for (let i = 32; i < 64; i++, s >>= 8n) second[i] = Number(s & 255n);
    expect(await verifyEd25519(publicKey, message, second)).toBe(false);
  });

  // Points of small order in every encoding: with these keys one signature fits any message.
  const smallOrder = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '0000000000000000000000000000000000000000000000000000000000000000',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    // The same, and others, not below p.
    '0100000000000000000000000000000000000000000000000000000000000080',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ];

  it('refuses keys of small order and keys in non-canonical form, even where the platform takes them', async () => {
    for (const hex of smallOrder) {
      const key = fromHex(hex);
      expect(isStrictEd25519Key(key), hex).toBe(false);
      // R and S of the neutral element: valid under it for a lenient verifier.
      const forged = new Uint8Array(64);
      forged.set(key);
      expect(await verifyEd25519(key, message, forged)).toBe(false);
      forged.fill(0).set([1]);
      expect(await verifyEd25519(key, message, forged)).toBe(false);
    }
    expect(isStrictEd25519Key(publicKey)).toBe(true);
    expect(isStrictEd25519Key(publicKey.subarray(1))).toBe(false);
  });

  it('refuses signatures that are not 64 bytes and keys that are no point', async () => {
    expect(await verifyEd25519(publicKey, message, signature.subarray(1))).toBe(false);
    expect(await verifyEd25519(fromHex(`02${'00'.repeat(31)}`), message, signature)).toBe(false);
  });

  it('says null, never true, where the platform has no Ed25519', async () => {
    const importKey = vi
      .spyOn(crypto.subtle, 'importKey')
      .mockRejectedValue(new DOMException('', 'NotSupportedError'));
    expect(await verifyEd25519(publicKey, message, signature)).toBeNull();
    importKey.mockRestore();
  });
});
