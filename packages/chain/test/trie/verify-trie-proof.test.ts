import { fromPrefixedHex, keccak256 } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyAccountProof, verifyStorageProof, verifyTrieProof } from '../../src/index.ts';
import { encodeRlp } from '../rlp/encode-rlp.ts';
import { nibblesOf, TestTrie } from './write-trie.ts';

const refusal = expect.objectContaining({ code: 'CHAIN_PROOF' });
const keyOf = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 255);
const wordOf = (number: number, length: number): Uint8Array =>
  new Uint8Array(length).fill((number % 255) + 1);

function trieOf(numbers: readonly number[], valueLength = 40): TestTrie {
  return new TestTrie(
    numbers.map((number) => ({ path: nibblesOf(keyOf(number)), value: wordOf(number, valueLength) })),
  );
}
const proofFor = (trie: TestTrie, number: number): Uint8Array[] => trie.prove(nibblesOf(keyOf(number)));

describe('verifyTrieProof', () => {
  it('shows each value, and the absence of what is not there', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 60_001, max: 65_535 }),
        fc.integer({ min: 1, max: 60 }),
        (numbers, absent, valueLength) => {
          const trie = trieOf(numbers, valueLength);
          for (const number of numbers) {
            const value = verifyTrieProof(trie.root, keyOf(number), proofFor(trie, number));
            expect(value).toEqual(wordOf(number, valueLength));
          }
          expect(verifyTrieProof(trie.root, keyOf(absent), proofFor(trie, absent))).toBeNull();
        },
      ),
      { numRuns: 40 },
    );
  });

  it('refuses a proof cut, extended, reordered, of another key or root, or with any byte changed', () => {
    const numbers = Array.from({ length: 300 }, (_, i) => i * 7);
    const trie = trieOf(numbers);
    const proof = proofFor(trie, 700);
    expect(proof.length).toBeGreaterThan(2);
    const refuse = (nodes: readonly Uint8Array[], key = 700, root = trie.root): void => {
      expect(() => verifyTrieProof(root, keyOf(key), nodes)).toThrow(refusal);
    };
    for (let length = 0; length < proof.length; length++) refuse(proof.slice(0, length));
    refuse([...proof, proof[0]!]);
    refuse(proof.toReversed());
    refuse(proof, 7);
    refuse(proof, 700, keccak256(trie.root));
    for (const [i, node] of proof.entries()) {
      for (let offset = 0; offset < node.length; offset++) {
        const changed = Uint8Array.from(node);
        changed[offset]! ^= 1 << (offset % 8);
        refuse(proof.map((one, j) => (j === i ? changed : one)));
      }
    }
    refuse(Array.from({ length: 66 }, () => proof[0]!));
    refuse([new Uint8Array(1025)]);
  });

  it('shows absence under the empty trie, and nothing else', () => {
    const empty = keccak256(Uint8Array.of(0x80));
    expect(verifyTrieProof(empty, keyOf(1), [])).toBeNull();
    expect(verifyTrieProof(empty, keyOf(1), [Uint8Array.of(0x80)])).toBeNull();
    expect(() => verifyTrieProof(empty, keyOf(1), [Uint8Array.of(0x81)])).toThrow(refusal);
  });

  it.each([
    ['a branch with a value', [...Array.from({ length: 16 }, () => new Uint8Array(0)), Uint8Array.of(1)]],
    ['three items', [Uint8Array.of(0x20), Uint8Array.of(1), Uint8Array.of(1)]],
    ['a path with an unknown flag', [Uint8Array.of(0x40), Uint8Array.of(1)]],
    ['a path with dirty padding', [Uint8Array.of(0x21), Uint8Array.of(1)]],
    ['an extension without a path', [Uint8Array.of(0x00), new Uint8Array(32)]],
    ['a leaf without a value', [Uint8Array.of(0x20), new Uint8Array(0)]],
    ['a string', Uint8Array.of(1, 2, 3)],
  ])('refuses a root node that is %s', (_what, node) => {
    const encoded = encodeRlp(node);
    expect(() => verifyTrieProof(keccak256(encoded), keyOf(1), [encoded])).toThrow(refusal);
  });
});

describe('accounts and storage', () => {
  const address = `0x${'ab'.repeat(20)}` as never;
  const account = (fields: readonly Uint8Array[]): { root: Uint8Array; proof: Uint8Array[] } => {
    const path = nibblesOf(fromPrefixedHex(address, 'address'));
    const trie = new TestTrie([{ path, value: encodeRlp(fields) }]);
    return { root: trie.root, proof: trie.prove(path) };
  };
  const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

  it('reads an account', () => {
    const { root, proof } = account([Uint8Array.of(7), Uint8Array.of(1, 0), hash(1), hash(2)]);
    expect(verifyAccountProof(root, address, proof)).toEqual({
      nonce: 7n,
      balanceWei: 256n,
      storageRoot: hash(1),
      codeHash: hash(2),
    });
    expect(verifyAccountProof(root, `0x${'cd'.repeat(20)}` as never, proof)).toBeNull();
  });

  it.each([
    ['three fields', [Uint8Array.of(7), Uint8Array.of(1), hash(1)]],
    ['a padded nonce', [Uint8Array.of(0, 7), Uint8Array.of(1), hash(1), hash(2)]],
    ['a huge nonce', [new Uint8Array(9).fill(1), Uint8Array.of(1), hash(1), hash(2)]],
    ['a short storage root', [Uint8Array.of(7), Uint8Array.of(1), hash(1).slice(1), hash(2)]],
    ['a long code hash', [Uint8Array.of(7), Uint8Array.of(1), hash(1), new Uint8Array(33)]],
  ])('refuses an account with %s', (_what, fields) => {
    const { root, proof } = account(fields);
    expect(() => verifyAccountProof(root, address, proof)).toThrow(refusal);
  });

  it('reads a word of storage: what is absent is zero, what is stored is not', () => {
    const slot = hash(9);
    const trieWith = (value: Uint8Array): TestTrie => new TestTrie([{ path: nibblesOf(slot), value }]);
    const stored = trieWith(encodeRlp(Uint8Array.of(1, 2)));
    const proof = stored.prove(nibblesOf(slot));
    expect(verifyStorageProof(stored.root, slot, proof)).toBe(258n);
    expect(verifyStorageProof(stored.root, hash(8), stored.prove(nibblesOf(hash(8))))).toBe(0n);
    const zero = trieWith(encodeRlp(new Uint8Array(0)));
    expect(() => verifyStorageProof(zero.root, slot, zero.prove(nibblesOf(slot)))).toThrow(refusal);
    const list = trieWith(encodeRlp([Uint8Array.of(1)]));
    expect(() => verifyStorageProof(list.root, slot, list.prove(nibblesOf(slot)))).toThrow(refusal);
  });
});
