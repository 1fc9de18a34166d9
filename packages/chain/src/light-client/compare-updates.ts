import { type BeaconNetwork, periodOf } from './network.ts';
import type { LightClientUpdate } from './types.ts';

/** The properties by which updates are ranked, best first, as numbers that are larger when better. */
function rankOf(network: BeaconNetwork, update: LightClientUpdate): number[] {
  const { bits } = update.syncAggregate;
  const signers = bits.filter(Boolean).length;
  const isSupermajority = 3 * signers >= 2 * bits.length;
  const attestedSlot = update.attestedHeader.beacon.slot;
  const attestedPeriod = periodOf(network, attestedSlot);
  const { finality, nextSyncCommittee } = update;
  const hasRelevantCommittee =
    nextSyncCommittee !== undefined && attestedPeriod === periodOf(network, update.signatureSlot);
  const hasFinality = finality !== undefined;
  const finalizesCommittee =
    hasFinality && periodOf(network, finality.header?.beacon.slot ?? 0) === attestedPeriod;
  return [
    Number(isSupermajority),
    isSupermajority ? 0 : signers,
    Number(hasRelevantCommittee),
    Number(hasFinality),
    Number(hasFinality && finalizesCommittee),
    signers,
    -attestedSlot,
    -update.signatureSlot,
  ];
}

/** `is_better_update` (consensus specs, altair/light-client/sync-protocol.md). */
export function isBetterUpdate(
  network: BeaconNetwork,
  candidate: LightClientUpdate,
  incumbent: LightClientUpdate,
): boolean {
  const ours = rankOf(network, candidate);
  const theirs = rankOf(network, incumbent);
  const at = ours.findIndex((rank, i) => rank !== theirs[i]);
  return at >= 0 && ours[at]! > theirs[at]!;
}
