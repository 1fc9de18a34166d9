import { concatBytes, equalBytes, sha256 } from '@dcml/core';

/** A chunk or a node of a Merkle tree: 32 bytes. */
export type Root = Uint8Array;

const hashPair = (left: Uint8Array, right: Uint8Array): Root => sha256(concatBytes(left, right));

// Roots of trees of zero chunks by depth (consensus specs, ssz/simple-serialize.md, "Merkleization").
const zeroRoots: Root[] = [new Uint8Array(32)];
function zeroRoot(depth: number): Root {
  for (let known = zeroRoots.length; known <= depth; known++) {
    const below = zeroRoots[known - 1]!;
    zeroRoots.push(hashPair(below, below));
  }
  return zeroRoots[depth]!;
}

/** Root of chunks, padded with zero chunks to `limit` (a power of two, at least their number). */
export function merkleize(
  chunks: readonly Uint8Array[],
  limit: number = nextPowerOfTwo(chunks.length),
): Root {
  const depth = Math.ceil(Math.log2(Math.max(1, limit)));
  let level: readonly Uint8Array[] = chunks;
  for (let height = 0; height < depth; height++) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2)
      above.push(hashPair(level[i]!, level[i + 1] ?? zeroRoot(height)));
    level = above;
  }
  return level[0] ?? zeroRoot(depth);
}

function nextPowerOfTwo(count: number): number {
  let power = 1;
  while (power < count) power *= 2;
  return power;
}

/** Little-endian integer in a chunk. */
export function uintChunk(value: bigint): Uint8Array {
  const chunk = new Uint8Array(32);
  for (let i = 0, rest = value; rest > 0n; i++, rest >>= 8n) chunk[i] = Number(rest & 0xffn);
  return chunk;
}

/** Bytes cut into chunks of 32, the last one filled with zeros. */
export function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 32) {
    const chunk = new Uint8Array(32);
    chunk.set(bytes.subarray(at, at + 32));
    chunks.push(chunk);
  }
  return chunks;
}

/** Root of a list: that of its content with its length. */
export function mixInLength(root: Root, length: number): Root {
  return hashPair(root, uintChunk(BigInt(length)));
}

/**
 * True if `leaf` stands at generalized index `gindex` of the tree with this root (consensus specs,
 * `is_valid_merkle_branch`). The branch must have exactly the depth of the index.
 */
export function isValidMerkleBranch(
  leaf: Root,
  branch: readonly Uint8Array[],
  gindex: number,
  root: Root,
): boolean {
  const depth = Math.floor(Math.log2(gindex));
  if (branch.length !== depth) return false;
  let node = leaf;
  for (const [height, sibling] of branch.entries()) {
    if (sibling.length !== 32) return false;
    node = ((gindex >> height) & 1) === 1 ? hashPair(sibling, node) : hashPair(node, sibling);
  }
  return equalBytes(node, root);
}
