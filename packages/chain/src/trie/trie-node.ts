import { keccak256 } from '@dcml/core';
import { ChainError } from '../chain-error.ts';
import { decodeRlp, type RlpItem } from '../rlp/decode-rlp.ts';

/** A node of a Merkle Patricia trie (Ethereum Yellow Paper, appendix D). */
export type TrieNode =
  | { readonly type: 'branch'; readonly children: readonly RlpItem[]; readonly value: Uint8Array }
  | { readonly type: 'extension'; readonly path: readonly number[]; readonly child: RlpItem }
  | { readonly type: 'leaf'; readonly path: readonly number[]; readonly value: Uint8Array };

export function proofError(problem: string): ChainError {
  return new ChainError('CHAIN_PROOF', `trie proof: ${problem}`);
}

export function toNibbles(bytes: Uint8Array): number[] {
  return Array.from(bytes).flatMap((byte) => [byte >> 4, byte & 15]);
}

/** Hex-prefix decoding (appendix C): the nibbles, and whether they end in a leaf. */
function decodePath(bytes: Uint8Array): { path: number[]; isLeaf: boolean } {
  const nibbles = toNibbles(bytes);
  const [flag = -1, padding] = nibbles;
  if (flag < 0 || flag > 3) throw proofError('path has an unknown flag');
  const isOdd = (flag & 1) === 1;
  if (!isOdd && padding !== 0) throw proofError('path has dirty padding');
  return { path: nibbles.slice(isOdd ? 1 : 2), isLeaf: (flag & 2) === 2 };
}

function readShortNode(first: Uint8Array, second: RlpItem): TrieNode {
  const { path, isLeaf } = decodePath(first);
  if (isLeaf) {
    if (!(second instanceof Uint8Array) || second.length === 0) throw proofError('leaf without a value');
    return { type: 'leaf', path, value: second };
  }
  if (path.length === 0) throw proofError('extension without a path');
  return { type: 'extension', path, child: second };
}

/** Reads a decoded node. Throws `CHAIN_PROOF`. */
export function readTrieNode(item: RlpItem): TrieNode {
  if (item instanceof Uint8Array) throw proofError('node is no list');
  const [first, second] = item;
  if (item.length === 2 && first instanceof Uint8Array && second !== undefined) {
    return readShortNode(first, second);
  }
  const value = item[16];
  if (item.length !== 17 || !(value instanceof Uint8Array))
    throw proofError('node has neither 2 nor 17 items');
  return { type: 'branch', children: item.slice(0, 16), value };
}

/** The node that a hash names: the proof's bytes must have exactly that hash. Throws `CHAIN_PROOF`. */
export function openNode(encoded: Uint8Array | undefined, hash: Uint8Array): RlpItem {
  if (encoded === undefined) throw proofError('ends before the key does');
  const actual = keccak256(encoded);
  if (actual.length !== hash.length || actual.some((byte, i) => byte !== hash[i])) {
    throw proofError('a node does not have the hash that its parent names');
  }
  return decodeRlp(encoded);
}
