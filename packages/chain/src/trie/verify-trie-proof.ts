import { equalBytes, keccak256 } from '@dcml/core';
import type { RlpItem } from '../rlp/decode-rlp.ts';
import { openNode, proofError, readTrieNode, toNibbles } from './trie-node.ts';

/** A key of 32 bytes has 64 nibbles, so no path has more nodes. */
const MAX_NODES = 65;
const MAX_NODE_BYTES = 1024;
/** keccak256 of the RLP of nothing: the root of an empty trie. */
const EMPTY_TRIE = keccak256(Uint8Array.of(0x80));

function startsWith(nibbles: readonly number[], path: readonly number[]): boolean {
  return path.every((nibble, i) => nibbles[i] === nibble);
}

/**
 * Verifies a Merkle Patricia proof for `keccak256(key)` under `root`, as `eth_getProof` (EIP-1186) gives it: nodes from
 * the root down, each with the hash that its parent names, none left over. Returns the value, or null when the proof
 * shows that the key is absent. Throws `CHAIN_PROOF` on anything that proves neither.
 */
export function verifyTrieProof(
  root: Uint8Array,
  key: Uint8Array,
  proof: readonly Uint8Array[],
): Uint8Array | null {
  if (proof.length > MAX_NODES) throw proofError(`has more than ${MAX_NODES} nodes`);
  if (proof.some((node) => node.length > MAX_NODE_BYTES)) throw proofError('has a node that is too large');
  if (equalBytes(root, EMPTY_TRIE)) {
    // Nodes without the empty one are also given as one node 0x80.
    const isEmpty = proof.length === 0 || (proof.length === 1 && equalBytes(proof[0]!, Uint8Array.of(0x80)));
    if (!isEmpty) throw proofError('has nodes under an empty trie');
    return null;
  }
  let used = 0;
  const open = (reference: Uint8Array): RlpItem => openNode(proof[used++], reference);
  const finish = (value: Uint8Array | null): Uint8Array | null => {
    if (used !== proof.length) throw proofError(`${proof.length - used} nodes are left over`);
    return value;
  };
  let item = open(root);
  let rest: readonly number[] = toNibbles(keccak256(key));
  for (;;) {
    const node = readTrieNode(item);
    if (node.type === 'leaf') {
      const isHere = node.path.length === rest.length && startsWith(rest, node.path);
      return finish(isHere ? node.value : null);
    }
    let child: RlpItem;
    if (node.type === 'extension') {
      if (!startsWith(rest, node.path)) return finish(null);
      rest = rest.slice(node.path.length);
      child = node.child;
    } else {
      const [nibble] = rest;
      // Keys are hashes of one length: no value ends inside a branch.
      if (nibble === undefined || node.value.length > 0) throw proofError('a branch holds a value');
      rest = rest.slice(1);
      child = node.children[nibble]!;
    }
    if (!(child instanceof Uint8Array)) {
      item = child;
    } else if (child.length === 0) {
      if (node.type === 'extension') throw proofError('an extension leads nowhere');
      return finish(null);
    } else {
      if (child.length !== 32) throw proofError('a reference is no hash');
      item = open(child);
    }
  }
}
