import { createHash } from 'node:crypto';
import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../src/bytes.ts';
import { createSha256, digestText, sha256, sha384, sha512 } from '../src/hash.ts';
import { toHex } from '../src/hex.ts';
import { keccak256 } from '../src/keccak.ts';

describe('hashes', () => {
  it('SHA-2 agrees with node:crypto', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(toHex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'));
        expect(toHex(sha384(bytes))).toBe(createHash('sha384').update(bytes).digest('hex'));
        expect(toHex(sha512(bytes))).toBe(createHash('sha512').update(bytes).digest('hex'));
      }),
      { numRuns: 50 },
    );
  });

  it('Keccak-256 agrees with noble at every length around block edges, and on any bytes', () => {
    const pattern = Uint8Array.from({ length: 500 }, (_, index) => (index * 167 + 13) & 0xff);
    for (let length = 0; length <= 420; length++) {
      const message = pattern.subarray(0, length);
      expect(toHex(keccak256(message))).toBe(toHex(keccak_256(message)));
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(keccak256(bytes)).toEqual(keccak_256(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('Keccak-256 hashes many blocks and leaves its input alone', () => {
    const bytes = new Uint8Array(100_003).fill(0xa5);
    expect(toHex(keccak256(bytes))).toBe(toHex(keccak_256(bytes)));
    expect(bytes.every((byte) => byte === 0xa5)).toBe(true);
  });

  // FIPS 180-4 example; Keccak-256 values as the Ethereum yellow paper uses them (empty input: hash of no code).
  it('published vectors', () => {
    const abc = encodeUtf8('abc');
    expect(toHex(sha256(abc))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(toHex(keccak256(new Uint8Array()))).toBe(
      'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
    );
    expect(toHex(keccak256(abc))).toBe('4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45');
  });

  it('createSha256 gives the same for any cut of the input', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 6 }), (parts) => {
        const hasher = createSha256();
        for (const part of parts) hasher.update(part);
        expect(hasher.digest()).toEqual(sha256(Buffer.concat(parts)));
      }),
      { numRuns: 50 },
    );
  });

  it('digestText is the ACI form', () => {
    expect(digestText(sha256(new Uint8Array()))).toBe(
      'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });
});
