import { concatBytes } from '@dcml/core';
import { merkleize } from '../ssz/merkle.ts';

export type ForkName = 'altair' | 'bellatrix' | 'capella' | 'deneb' | 'electra' | 'fulu';

export interface Fork {
  readonly name: ForkName;
  readonly epoch: number;
  /** 4 bytes. */
  readonly version: Uint8Array;
}

/** What a light client has to know of a network; it is measured into the enclave's image. */
export interface BeaconNetwork {
  /** 32 bytes. */
  readonly genesisValidatorsRoot: Uint8Array;
  readonly genesisTimeSeconds: number;
  readonly secondsPerSlot: number;
  readonly slotsPerEpoch: number;
  readonly epochsPerSyncCommitteePeriod: number;
  readonly syncCommitteeSize: number;
  /** Oldest first. */
  readonly forks: readonly Fork[];
}

const version = (first: number): Uint8Array => Uint8Array.of(first, 0, 0, 0);

/** Ethereum mainnet (consensus specs, configs/mainnet.yaml; genesis validators root from the genesis state). */
export const mainnetForks: readonly Fork[] = [
  { name: 'altair', epoch: 74_240, version: version(1) },
  { name: 'bellatrix', epoch: 144_896, version: version(2) },
  { name: 'capella', epoch: 194_048, version: version(3) },
  { name: 'deneb', epoch: 269_568, version: version(4) },
  { name: 'electra', epoch: 364_032, version: version(5) },
  { name: 'fulu', epoch: 411_392, version: version(6) },
];

export function epochOf(network: BeaconNetwork, slot: number): number {
  return Math.floor(slot / network.slotsPerEpoch);
}

/** The period whose committee signs in `slot`. */
export function periodOf(network: BeaconNetwork, slot: number): number {
  return Math.floor(epochOf(network, slot) / network.epochsPerSyncCommitteePeriod);
}

/** The fork in force at a slot; undefined before altair, which had no sync committees. */
export function forkAt(network: BeaconNetwork, slot: number): Fork | undefined {
  const epoch = epochOf(network, slot);
  return network.forks.findLast((fork) => fork.epoch <= epoch);
}

const forkNames: readonly ForkName[] = ['altair', 'bellatrix', 'capella', 'deneb', 'electra', 'fulu'];

export function isAtLeast(fork: Fork, name: ForkName): boolean {
  return forkNames.indexOf(fork.name) >= forkNames.indexOf(name);
}

/** Unix seconds at which a slot begins. */
export function slotTimeSeconds(network: BeaconNetwork, slot: number): number {
  return network.genesisTimeSeconds + slot * network.secondsPerSlot;
}

// DOMAIN_SYNC_COMMITTEE (consensus specs, altair/beacon-chain.md).
const DOMAIN_SYNC_COMMITTEE = Uint8Array.of(7, 0, 0, 0);

/** `compute_signing_root` of an object's root for the sync committee of a fork. */
export function syncSigningRoot(network: BeaconNetwork, fork: Fork, objectRoot: Uint8Array): Uint8Array {
  const paddedVersion = new Uint8Array(32);
  paddedVersion.set(fork.version);
  const forkDataRoot = merkleize([paddedVersion, network.genesisValidatorsRoot]);
  const domain = concatBytes(DOMAIN_SYNC_COMMITTEE, forkDataRoot.subarray(0, 28));
  return merkleize([objectRoot, domain]);
}
