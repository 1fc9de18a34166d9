import { type BeaconNetwork, epochOf } from './network.ts';
import { applyUpdate, type LightClientStore } from './store.ts';

/**
 * `process_light_client_store_force_update`: without finality for a whole committee period, takes the best update
 * that is known as if it were final. Never used where money depends on the result: a minority of one committee can
 * bring it about. It is here so that the published vectors, which contain it, can be run.
 */
export function forceUpdate(
  network: BeaconNetwork,
  store: LightClientStore,
  currentSlot: number,
): LightClientStore {
  const best = store.bestValidUpdate;
  const timeout = network.slotsPerEpoch * network.epochsPerSyncCommitteePeriod;
  const isStuck =
    epochOf(network, currentSlot) >= 0 && currentSlot > store.finalizedHeader.beacon.slot + timeout;
  if (best === undefined || !isStuck) return store;
  const finalizedSlot = best.finality?.header?.beacon.slot ?? 0;
  // Forcing treats the attested header as final where the update's own finalized header brings nothing.
  const forced =
    finalizedSlot <= store.finalizedHeader.beacon.slot
      ? { ...best, finality: { header: best.attestedHeader, branch: [] } }
      : best;
  return { ...applyUpdate(network, store, forced), bestValidUpdate: undefined };
}
