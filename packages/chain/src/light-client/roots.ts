import { chunksOf, merkleize, mixInLength, type Root, uintChunk } from '../ssz/merkle.ts';
import { type Fork, isAtLeast } from './network.ts';
import type { BeaconHeader, ExecutionHeader, SyncCommittee } from './types.ts';

/** `hash_tree_root` of a BeaconBlockHeader (consensus specs, phase0/beacon-chain.md). */
export function beaconHeaderRoot(header: BeaconHeader): Root {
  return merkleize([
    uintChunk(BigInt(header.slot)),
    uintChunk(header.proposerIndex),
    header.parentRoot,
    header.stateRoot,
    header.bodyRoot,
  ]);
}

/** `hash_tree_root` of an ExecutionPayloadHeader (capella and deneb/beacon-chain.md). */
export function executionHeaderRoot(header: ExecutionHeader): Root {
  const { blobGas } = header;
  return merkleize([
    header.parentHash,
    ...chunksOf(header.feeRecipient),
    header.stateRoot,
    header.receiptsRoot,
    merkleize(chunksOf(header.logsBloom)),
    header.prevRandao,
    uintChunk(header.blockNumber),
    uintChunk(header.gasLimit),
    uintChunk(header.gasUsed),
    uintChunk(header.timestamp),
    mixInLength(merkleize(chunksOf(header.extraData), 1), header.extraData.length),
    uintChunk(header.baseFeePerGas),
    header.blockHash,
    header.transactionsRoot,
    header.withdrawalsRoot,
    ...(blobGas === undefined ? [] : [uintChunk(blobGas.used), uintChunk(blobGas.excess)]),
  ]);
}

const publicKeyRoot = (key: Uint8Array): Root => merkleize(chunksOf(key));

/** `hash_tree_root` of a SyncCommittee (altair/beacon-chain.md). */
export function syncCommitteeRoot(committee: SyncCommittee): Root {
  return merkleize([
    merkleize(committee.publicKeys.map(publicKeyRoot)),
    publicKeyRoot(committee.aggregatePublicKey),
  ]);
}

/** Generalized indices of what the light client proves in a beacon state (altair and electra/light-client). */
export interface StateIndices {
  readonly finalizedRoot: number;
  readonly currentSyncCommittee: number;
  readonly nextSyncCommittee: number;
}

/** EIP-7688 aside, electra's longer state moved all three. */
export function stateIndices(fork: Fork): StateIndices {
  return isAtLeast(fork, 'electra')
    ? { finalizedRoot: 169, currentSyncCommittee: 86, nextSyncCommittee: 87 }
    : { finalizedRoot: 105, currentSyncCommittee: 54, nextSyncCommittee: 55 };
}

/** Generalized index of the execution payload in a beacon block body (capella/light-client). */
export const EXECUTION_PAYLOAD_INDEX = 25;
