import { keccak256 } from '@dcml/core';
import type { RlpItem } from '../../src/index.ts';
import { encodeRlp } from '../rlp/encode-rlp.ts';

/** Key as nibbles of its hash, and a value that is not empty. */
export interface Entry {
  readonly path: readonly number[];
  readonly value: Uint8Array;
}

export const nibblesOf = (key: Uint8Array): number[] =>
  Array.from(keccak256(key)).flatMap((byte) => [byte >> 4, byte & 15]);

function encodePath(path: readonly number[], isLeaf: boolean): Uint8Array {
  const flag = (isLeaf ? 2 : 0) + (path.length % 2);
  const nibbles = path.length % 2 === 1 ? [flag, ...path] : [flag, 0, ...path];
  return Uint8Array.from(
    { length: nibbles.length / 2 },
    (_, i) => nibbles[2 * i]! * 16 + nibbles[2 * i + 1]!,
  );
}

interface StoredNode {
  readonly encoded: Uint8Array;
  readonly item: RlpItem;
}

/** A trie for tests, made the direct way (Yellow Paper, appendix D). */
export class TestTrie {
  readonly root: Uint8Array;
  readonly #nodes = new Map<string, StoredNode>();

  constructor(entries: readonly Entry[]) {
    const item = this.#build(entries, 0);
    const encoded = encodeRlp(item);
    this.root = keccak256(encoded);
    this.#nodes.set(String(this.root), { encoded, item });
  }

  #reference(entries: readonly Entry[], depth: number): RlpItem {
    const item = this.#build(entries, depth);
    const encoded = encodeRlp(item);
    if (encoded.length < 32) return item;
    const hash = keccak256(encoded);
    this.#nodes.set(String(hash), { encoded, item });
    return hash;
  }

  #build(entries: readonly Entry[], depth: number): RlpItem {
    const [first] = entries;
    if (first === undefined) return new Uint8Array(0);
    if (entries.length === 1) return [encodePath(first.path.slice(depth), true), first.value];
    let shared = 0;
    while (entries.every(({ path }) => path[depth + shared] === first.path[depth + shared])) shared++;
    if (shared > 0) {
      const path = first.path.slice(depth, depth + shared);
      return [encodePath(path, false), this.#reference(entries, depth + shared)];
    }
    const children = Array.from({ length: 16 }, (_, nibble): RlpItem => {
      const below = entries.filter(({ path }) => path[depth] === nibble);
      return below.length === 0 ? new Uint8Array(0) : this.#reference(below, depth + 1);
    });
    return [...children, new Uint8Array(0)];
  }

  /** The encoded nodes on the way of a path, as `eth_getProof` gives them. */
  prove(path: readonly number[]): Uint8Array[] {
    const proof: Uint8Array[] = [];
    let reference: RlpItem = this.root;
    for (let depth = 0; ; ) {
      let item: RlpItem | undefined = reference;
      if (reference instanceof Uint8Array) {
        const node = this.#nodes.get(String(reference));
        if (node === undefined) return proof;
        proof.push(node.encoded);
        item = node.item;
      }
      const [first, second] = item as readonly RlpItem[];
      if ((item as readonly RlpItem[]).length === 17) {
        reference = (item as readonly RlpItem[])[path[depth]!]!;
        depth++;
        continue;
      }
      const encoded = first as Uint8Array;
      const length = 2 * encoded.length - ((encoded[0]! >> 4) % 2 === 1 ? 1 : 2);
      const isExtension = encoded[0]! >> 4 < 2;
      if (!isExtension || String(encodePath(path.slice(depth, depth + length), false)) !== String(encoded)) {
        return proof;
      }
      depth += length;
      reference = second!;
    }
  }
}
