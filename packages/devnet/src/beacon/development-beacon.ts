import {
  type BeaconNetwork,
  beaconHeaderRoot,
  EXECUTION_PAYLOAD_INDEX,
  type ExecutionHeader,
  executionHeaderRoot,
  forkAt,
  type LightClientBootstrap,
  type LightClientHeader,
  type LightClientUpdate,
  periodOf,
  stateIndices,
  syncCommitteeRoot,
  syncSigningRoot,
} from '@dcml/chain';
import { SparseTree } from './sparse-tree.ts';
import { type CommitteeKeys, deriveCommittee, signAsCommittee } from './sync-committee-keys.ts';

export interface SignedStepOptions {
  /** The execution header of the block that becomes final, and its slot; none for an optimistic update. */
  readonly finalized?: { readonly slot: number; readonly execution: ExecutionHeader };
  /** The execution header of the block that is attested. */
  readonly attested: { readonly slot: number; readonly execution: ExecutionHeader };
  /** Default: one slot after the attested one. */
  readonly signatureSlot?: number;
  /** Which members sign; default all. */
  readonly bits?: readonly boolean[];
}

/**
 * A beacon chain for development: real headers, states and bodies as far as a light client can see, signed by a sync
 * committee whose keys come from one seed. Whoever knows the seed can sign anything, so a production image never
 * names such a network.
 */
export class DevelopmentBeacon {
  readonly network: BeaconNetwork;
  readonly #seed: Uint8Array;
  readonly #committees = new Map<number, CommitteeKeys>();

  constructor(network: BeaconNetwork, seed: Uint8Array) {
    this.network = network;
    this.#seed = seed;
  }

  committee(period: number): CommitteeKeys {
    const known = this.#committees.get(period);
    const keys = known ?? deriveCommittee(this.#seed, period, this.network.syncCommitteeSize);
    this.#committees.set(period, keys);
    return keys;
  }

  #stateTree(slot: number, finalizedRoot: Uint8Array): SparseTree {
    const indices = stateIndices(forkAt(this.network, slot)!);
    const period = periodOf(this.network, slot);
    return new SparseTree(
      new Map([
        [indices.finalizedRoot, finalizedRoot],
        [indices.currentSyncCommittee, syncCommitteeRoot(this.committee(period).committee)],
        [indices.nextSyncCommittee, syncCommitteeRoot(this.committee(period + 1).committee)],
      ]),
    );
  }

  #block(
    slot: number,
    execution: ExecutionHeader,
    finalizedRoot: Uint8Array,
  ): { header: LightClientHeader; state: SparseTree } {
    const body = new SparseTree(new Map([[EXECUTION_PAYLOAD_INDEX, executionHeaderRoot(execution)]]));
    const state = this.#stateTree(slot, finalizedRoot);
    const zero = new Uint8Array(32);
    const beacon = {
      slot,
      proposerIndex: 0n,
      parentRoot: zero,
      stateRoot: state.root,
      bodyRoot: body.root,
    };
    return { header: { beacon, execution, executionBranch: body.branch(EXECUTION_PAYLOAD_INDEX) }, state };
  }

  /** A checkpoint: its trusted root is `beaconHeaderRoot(bootstrap.header.beacon)`. */
  bootstrap(slot: number, execution: ExecutionHeader): LightClientBootstrap {
    const { header, state } = this.#block(slot, execution, new Uint8Array(32));
    const index = stateIndices(forkAt(this.network, slot)!).currentSyncCommittee;
    return {
      header,
      currentSyncCommittee: this.committee(periodOf(this.network, slot)).committee,
      currentSyncCommitteeBranch: state.branch(index),
    };
  }

  /** A signed update: attested header, next committee, and the finalized header where one is given. */
  update({ attested, finalized, bits, ...options }: SignedStepOptions): LightClientUpdate {
    const { network } = this;
    const final = finalized && this.#block(finalized.slot, finalized.execution, new Uint8Array(32)).header;
    const finalizedRoot = final === undefined ? new Uint8Array(32) : beaconHeaderRoot(final.beacon);
    const { header, state } = this.#block(attested.slot, attested.execution, finalizedRoot);
    const indices = stateIndices(forkAt(network, attested.slot)!);
    const signatureSlot = options.signatureSlot ?? attested.slot + 1;
    const fork = forkAt(network, signatureSlot - 1)!;
    const signingRoot = syncSigningRoot(network, fork, beaconHeaderRoot(header.beacon));
    const keys = this.committee(periodOf(network, signatureSlot));
    return {
      attestedHeader: header,
      nextSyncCommittee: {
        committee: this.committee(periodOf(network, attested.slot) + 1).committee,
        branch: state.branch(indices.nextSyncCommittee),
      },
      ...(final && { finality: { header: final, branch: state.branch(indices.finalizedRoot) } }),
      syncAggregate: signAsCommittee(keys, signingRoot, bits),
      signatureSlot,
    };
  }
}
