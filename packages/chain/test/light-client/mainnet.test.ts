import { fromHex, type JsonObject, type JsonValue, parseJson, toHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { createNativeBls } from '../../src/bls/native-bls.ts';
import { createNobleBls } from '../../src/bls/noble-bls.ts';
import {
  type BeaconNetwork,
  beaconHeaderRoot,
  mainnetForks,
  parseBootstrap,
  parseUpdate,
  processUpdate,
  startStore,
} from '../../src/index.ts';
import { hasVectors, readVector } from './spec-vectors.ts';

const mainnet: BeaconNetwork = {
  genesisValidatorsRoot: fromHex('4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95'),
  genesisTimeSeconds: 1_606_824_023,
  secondsPerSlot: 12,
  slotsPerEpoch: 32,
  epochsPerSyncCommitteePeriod: 256,
  syncCommitteeSize: 512,
  forks: mainnetForks,
};
const NOW_SLOT = 7_109_500;

function read(name: string): JsonValue {
  const text = readVector('mainnet-capella', name).toString();
  return parseJson(text, { maxLength: 1 << 24, maxDepth: 16 });
}
const dataOf = (answer: JsonValue): JsonValue => (answer as JsonObject)['data']!;

describe.skipIf(!hasVectors)('Ethereum mainnet, capella', () => {
  const size = mainnet.syncCommitteeSize;

  it.each([
    ['native', createNativeBls()],
    ['TypeScript', createNobleBls()],
  ])('bootstraps, follows the committees, and arrives at the published state root (%s)', (_name, bls) => {
    const bootstrap = parseBootstrap(dataOf(read('bootstrap.json')), size);
    let store = startStore(mainnet, beaconHeaderRoot(bootstrap.header.beacon), bootstrap);
    const updates = (read('updates.json') as readonly JsonValue[]).map((one) =>
      parseUpdate(dataOf(one), size),
    );
    expect(updates).toHaveLength(6);
    for (const update of updates) store = processUpdate(mainnet, store, update, NOW_SLOT, bls);
    store = processUpdate(mainnet, store, parseUpdate(dataOf(read('finality.json')), size), NOW_SLOT, bls);
    expect(toHex(store.finalizedHeader.execution.stateRoot).slice(0, 8)).toBe('226f5ff4');
    store = processUpdate(mainnet, store, parseUpdate(dataOf(read('optimistic.json')), size), NOW_SLOT, bls);
    expect(store.optimisticHeader.beacon.slot).toBe(7_109_431);
  });
});
