import { equalBytes } from '@dcml/core';
import type { BlsVerifier } from '../bls/bls-verifier.ts';
import { ChainError } from '../chain-error.ts';
import { isValidMerkleBranch } from '../ssz/merkle.ts';
import { type BeaconNetwork, type Fork, forkAt, isAtLeast, periodOf, syncSigningRoot } from './network.ts';
import {
  beaconHeaderRoot,
  EXECUTION_PAYLOAD_INDEX,
  executionHeaderRoot,
  stateIndices,
  syncCommitteeRoot,
} from './roots.ts';
import type { LightClientHeader, LightClientUpdate, SyncCommittee } from './types.ts';

export function refuseUpdate(problem: string): never {
  throw new ChainError('CHAIN_UPDATE', `light-client update: ${problem}`);
}

/** The fork of a slot in which execution headers are proven. Throws `CHAIN_UPDATE` before capella. */
export function provableFork(network: BeaconNetwork, slot: number): Fork {
  const fork = forkAt(network, slot);
  if (fork === undefined || !isAtLeast(fork, 'capella')) {
    refuseUpdate(`slot ${slot} is before capella, whose headers prove no execution state`);
  }
  return fork;
}

/** Why a header's execution part is not the one in its block, or undefined (`is_valid_light_client_header`). */
export function headerProblem(network: BeaconNetwork, header: LightClientHeader): string | undefined {
  const fork = provableFork(network, header.beacon.slot);
  const hasBlobs = header.execution.blobGas !== undefined;
  if (hasBlobs !== isAtLeast(fork, 'deneb')) return `execution header is not that of ${fork.name}`;
  const isProven = isValidMerkleBranch(
    executionHeaderRoot(header.execution),
    header.executionBranch,
    EXECUTION_PAYLOAD_INDEX,
    header.beacon.bodyRoot,
  );
  return isProven ? undefined : 'the execution header is not in the block';
}

/** The committees that a store knows. */
export interface KnownCommittees {
  readonly finalizedSlot: number;
  readonly current: SyncCommittee;
  readonly next: SyncCommittee | undefined;
}

function sameCommittee(a: SyncCommittee, b: SyncCommittee): boolean {
  return equalBytes(syncCommitteeRoot(a), syncCommitteeRoot(b));
}

function checkOrder(update: LightClientUpdate, currentSlot: number): void {
  const attested = update.attestedHeader.beacon.slot;
  const finalized = update.finality?.header?.beacon.slot ?? 0;
  if (currentSlot < update.signatureSlot)
    refuseUpdate(`is signed in slot ${update.signatureSlot}, after now`);
  if (update.signatureSlot <= attested) refuseUpdate('is signed before the block that it attests');
  if (attested < finalized) refuseUpdate('finalizes a block after the one that it attests');
}

function checkProofs(network: BeaconNetwork, update: LightClientUpdate): void {
  const { attestedHeader, finality, nextSyncCommittee } = update;
  const problem = headerProblem(network, attestedHeader);
  if (problem !== undefined) refuseUpdate(`attested header: ${problem}`);
  const { stateRoot, slot } = attestedHeader.beacon;
  const indices = stateIndices(provableFork(network, slot));
  if (finality !== undefined) {
    const { header, branch } = finality;
    const headerFault = header === null ? undefined : headerProblem(network, header);
    if (headerFault !== undefined) refuseUpdate(`finalized header: ${headerFault}`);
    const root = header === null ? new Uint8Array(32) : beaconHeaderRoot(header.beacon);
    if (!isValidMerkleBranch(root, branch, indices.finalizedRoot, stateRoot)) {
      refuseUpdate('the finalized header is not in the attested state');
    }
  }
  if (nextSyncCommittee !== undefined) {
    const { committee, branch } = nextSyncCommittee;
    if (!isValidMerkleBranch(syncCommitteeRoot(committee), branch, indices.nextSyncCommittee, stateRoot)) {
      refuseUpdate('the next sync committee is not in the attested state');
    }
  }
}

/** The committee of the signature's period, if the store knows it. */
function signingCommittee(
  network: BeaconNetwork,
  known: KnownCommittees,
  signatureSlot: number,
): SyncCommittee {
  const storePeriod = periodOf(network, known.finalizedSlot);
  const signaturePeriod = periodOf(network, signatureSlot);
  if (signaturePeriod === storePeriod) return known.current;
  if (signaturePeriod === storePeriod + 1 && known.next !== undefined) return known.next;
  return refuseUpdate(`is signed in period ${signaturePeriod}; the store is at ${storePeriod}`);
}

function checkSignature(
  network: BeaconNetwork,
  committee: SyncCommittee,
  update: LightClientUpdate,
  bls: BlsVerifier,
): void {
  const { bits, signature } = update.syncAggregate;
  if (bits.length !== committee.publicKeys.length) refuseUpdate('has another number of bits than members');
  const signers = committee.publicKeys.filter((_, i) => bits[i] === true);
  if (signers.length === 0) refuseUpdate('is signed by nobody');
  // The fork version is that of the slot before the signature's (altair/light-client/sync-protocol.md).
  const fork =
    forkAt(network, Math.max(update.signatureSlot, 1) - 1) ?? refuseUpdate('is signed before altair');
  const message = syncSigningRoot(network, fork, beaconHeaderRoot(update.attestedHeader.beacon));
  if (!bls.fastAggregateVerify(signers, message, signature)) {
    refuseUpdate('the signature is not that of the sync committee');
  }
}

/**
 * `validate_light_client_update` (consensus specs, altair/light-client/sync-protocol.md): order of slots, proofs,
 * relevance and signature. Throws `CHAIN_UPDATE`, naming what does not hold.
 */
export function validateUpdate(
  network: BeaconNetwork,
  known: KnownCommittees,
  update: LightClientUpdate,
  currentSlot: number,
  bls: BlsVerifier,
): void {
  checkOrder(update, currentSlot);
  const committee = signingCommittee(network, known, update.signatureSlot);
  const attested = update.attestedHeader.beacon.slot;
  const storePeriod = periodOf(network, known.finalizedSlot);
  const isSamePeriod = periodOf(network, attested) === storePeriod;
  const bringsNext = known.next === undefined && update.nextSyncCommittee !== undefined && isSamePeriod;
  if (attested <= known.finalizedSlot && !bringsNext) refuseUpdate('brings nothing new');
  checkProofs(network, update);
  const { nextSyncCommittee } = update;
  if (nextSyncCommittee !== undefined && isSamePeriod && known.next !== undefined) {
    if (!sameCommittee(nextSyncCommittee.committee, known.next)) {
      refuseUpdate('names another next sync committee than the one that is known');
    }
  }
  checkSignature(network, committee, update, bls);
}
