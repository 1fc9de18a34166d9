import { equalBytes } from '@dcml/core';
import type { BlsVerifier } from '../bls/bls-verifier.ts';
import { isValidMerkleBranch } from '../ssz/merkle.ts';
import { isBetterUpdate } from './compare-updates.ts';
import { type BeaconNetwork, periodOf } from './network.ts';
import { beaconHeaderRoot, stateIndices, syncCommitteeRoot } from './roots.ts';
import type { LightClientBootstrap, LightClientHeader, LightClientUpdate, SyncCommittee } from './types.ts';
import { headerProblem, provableFork, refuseUpdate, validateUpdate } from './validate-update.ts';

/** `LightClientStore` (consensus specs, altair/light-client/sync-protocol.md); replaced as a whole, never changed. */
export interface LightClientStore {
  readonly finalizedHeader: LightClientHeader;
  readonly optimisticHeader: LightClientHeader;
  readonly currentSyncCommittee: SyncCommittee;
  readonly nextSyncCommittee: SyncCommittee | undefined;
  readonly bestValidUpdate: LightClientUpdate | undefined;
  readonly previousMaxActiveParticipants: number;
  readonly currentMaxActiveParticipants: number;
}

/**
 * Starts from a block that the caller trusts by its root (`initialize_light_client_store`). Throws `CHAIN_UPDATE` when
 * the bootstrap is not of that block.
 */
export function startStore(
  network: BeaconNetwork,
  trustedBlockRoot: Uint8Array,
  bootstrap: LightClientBootstrap,
): LightClientStore {
  const { header, currentSyncCommittee, currentSyncCommitteeBranch } = bootstrap;
  if (!equalBytes(beaconHeaderRoot(header.beacon), trustedBlockRoot)) {
    refuseUpdate('the bootstrap is not of the trusted block');
  }
  const problem = headerProblem(network, header);
  if (problem !== undefined) refuseUpdate(`bootstrap: ${problem}`);
  const index = stateIndices(provableFork(network, header.beacon.slot)).currentSyncCommittee;
  const root = syncCommitteeRoot(currentSyncCommittee);
  if (!isValidMerkleBranch(root, currentSyncCommitteeBranch, index, header.beacon.stateRoot)) {
    refuseUpdate('the sync committee is not that of the trusted block');
  }
  return {
    finalizedHeader: header,
    optimisticHeader: header,
    currentSyncCommittee,
    nextSyncCommittee: undefined,
    bestValidUpdate: undefined,
    previousMaxActiveParticipants: 0,
    currentMaxActiveParticipants: 0,
  };
}

/** `apply_light_client_update`: what a finalized header and a next committee change. */
export function applyUpdate(
  network: BeaconNetwork,
  store: LightClientStore,
  update: LightClientUpdate,
): LightClientStore {
  const finalized = update.finality?.header ?? undefined;
  const storePeriod = periodOf(network, store.finalizedHeader.beacon.slot);
  const finalizedPeriod = finalized === undefined ? 0 : periodOf(network, finalized.beacon.slot);
  const next = update.nextSyncCommittee?.committee;
  let rotated = store;
  if (store.nextSyncCommittee === undefined) {
    if (finalizedPeriod !== storePeriod) return refuseUpdate('does not finalize in the period of the store');
    rotated = { ...store, nextSyncCommittee: next };
  } else if (finalizedPeriod === storePeriod + 1) {
    rotated = {
      ...store,
      currentSyncCommittee: store.nextSyncCommittee,
      nextSyncCommittee: next,
      previousMaxActiveParticipants: store.currentMaxActiveParticipants,
      currentMaxActiveParticipants: 0,
    };
  }
  if (finalized === undefined || finalized.beacon.slot <= store.finalizedHeader.beacon.slot) return rotated;
  const isAhead = finalized.beacon.slot > rotated.optimisticHeader.beacon.slot;
  return {
    ...rotated,
    finalizedHeader: finalized,
    optimisticHeader: isAhead ? finalized : rotated.optimisticHeader,
  };
}

function countSigners(update: LightClientUpdate): number {
  return update.syncAggregate.bits.filter(Boolean).length;
}

/** `process_light_client_update`: checks an update and takes from it what holds. Throws `CHAIN_UPDATE`. */
export function processUpdate(
  network: BeaconNetwork,
  store: LightClientStore,
  update: LightClientUpdate,
  currentSlot: number,
  bls: BlsVerifier,
): LightClientStore {
  const known = {
    finalizedSlot: store.finalizedHeader.beacon.slot,
    current: store.currentSyncCommittee,
    next: store.nextSyncCommittee,
  };
  validateUpdate(network, known, update, currentSlot, bls);
  const signers = countSigners(update);
  const maxActive = Math.max(store.currentMaxActiveParticipants, signers);
  const safety = Math.floor(Math.max(store.previousMaxActiveParticipants, maxActive) / 2);
  const { attestedHeader, finality, nextSyncCommittee } = update;
  const isOptimistic = signers > safety && attestedHeader.beacon.slot > store.optimisticHeader.beacon.slot;
  const best = store.bestValidUpdate;
  const seen: LightClientStore = {
    ...store,
    bestValidUpdate: best === undefined || isBetterUpdate(network, update, best) ? update : best,
    currentMaxActiveParticipants: maxActive,
    optimisticHeader: isOptimistic ? attestedHeader : store.optimisticHeader,
  };
  const attestedPeriod = periodOf(network, attestedHeader.beacon.slot);
  const finalizedSlot = finality?.header?.beacon.slot ?? 0;
  const bringsFinalizedNext =
    store.nextSyncCommittee === undefined &&
    nextSyncCommittee !== undefined &&
    finality !== undefined &&
    periodOf(network, finalizedSlot) === attestedPeriod;
  const isSupermajority = 3 * signers >= 2 * update.syncAggregate.bits.length;
  const isFinal = isSupermajority && (finalizedSlot > known.finalizedSlot || bringsFinalizedNext);
  return isFinal ? { ...applyUpdate(network, seen, update), bestValidUpdate: undefined } : seen;
}
