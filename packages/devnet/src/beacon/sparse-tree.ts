import { concatBytes, sha256 } from '@dcml/core';

const hashPair = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(concatBytes(left, right));

/**
 * A Merkle tree of which only a few nodes are known, by generalized index; every other one is zero. It stands for a
 * beacon state or block body, of which a light client only ever sees branches.
 */
export class SparseTree {
  readonly #nodes: ReadonlyMap<number, Uint8Array>;
  readonly #computed = new Map<number, Uint8Array>();
  readonly #depth: number;

  constructor(nodes: ReadonlyMap<number, Uint8Array>) {
    this.#nodes = nodes;
    this.#depth = Math.max(...[...nodes.keys()].map((gindex) => Math.floor(Math.log2(gindex))));
  }

  node(gindex: number): Uint8Array {
    const known = this.#nodes.get(gindex) ?? this.#computed.get(gindex);
    if (known !== undefined) return known;
    const isLeaf = Math.floor(Math.log2(gindex)) >= this.#depth;
    const node = isLeaf ? new Uint8Array(32) : hashPair(this.node(2 * gindex), this.node(2 * gindex + 1));
    this.#computed.set(gindex, node);
    return node;
  }

  get root(): Uint8Array {
    return this.node(1);
  }

  /** Siblings from the node up to the root. */
  branch(gindex: number): Uint8Array[] {
    const siblings: Uint8Array[] = [];
    for (let at = gindex; at > 1; at >>= 1) siblings.push(this.node(at ^ 1));
    return siblings;
  }
}
