import { fromHex, toHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { createNativeBls } from '../../src/bls/native-bls.ts';
import {
  type BeaconNetwork,
  beaconHeaderRoot,
  executionHeaderRoot,
  type ForkName,
  forceUpdate,
  type LightClientHeader,
  type LightClientStore,
  processUpdate,
  startStore,
} from '../../src/index.ts';
import { decodeBootstrap, decodeUpdate, hasVectors, readVector, snappyDecode } from './spec-vectors.ts';

const forkNames: readonly ForkName[] = ['altair', 'bellatrix', 'capella', 'deneb'];

interface Expected {
  readonly slot: number;
  readonly beaconRoot: string;
  readonly executionRoot: string;
}

interface Step {
  readonly update: string | undefined;
  readonly currentSlot: number;
  readonly finalized: Expected;
  readonly optimistic: Expected;
}

/** The few YAML forms of these files. */
function readSteps(text: string): Step[] {
  const expected = (step: string, name: string): Expected => {
    const match = new RegExp(
      `${name}: \\{slot: (\\d+), beacon_root: '0x(\\w+)',\\s+execution_root: '0x(\\w+)'`,
    ).exec(step)!;
    return { slot: Number(match[1]), beaconRoot: match[2]!, executionRoot: match[3]! };
  };
  return text
    .split(/^- /m)
    .slice(1)
    .map((step) => ({
      update: /^ {4}update: (\w+)/m.exec(step)?.[1],
      currentSlot: Number(/current_slot: (\d+)/.exec(step)![1]),
      finalized: expected(step, 'finalized_header'),
      optimistic: expected(step, 'optimistic_header'),
    }));
}

function check(header: LightClientHeader, expected: Expected): void {
  expect(header.beacon.slot).toBe(expected.slot);
  expect(toHex(beaconHeaderRoot(header.beacon))).toBe(expected.beaconRoot);
  expect(toHex(executionHeaderRoot(header.execution))).toBe(expected.executionRoot);
}

describe.skipIf(!hasVectors)('consensus specification, light client, deneb', () => {
  it.each(['light_client_sync', 'advance_finality_without_sync_committee'])('%s', (name) => {
    const file = (path: string): Buffer => readVector('spec-deneb', name, path);
    const meta = file('meta.yaml').toString();
    const hexOf = (member: string): Uint8Array =>
      fromHex(new RegExp(`${member}: '0x(\\w+)'`).exec(meta)![1]!, member);
    const network: BeaconNetwork = {
      genesisValidatorsRoot: hexOf('genesis_validators_root'),
      genesisTimeSeconds: 0,
      secondsPerSlot: 6,
      slotsPerEpoch: 8,
      epochsPerSyncCommitteePeriod: 8,
      syncCommitteeSize: 32,
      forks: forkNames.map((fork, i) => ({ name: fork, epoch: 0, version: Uint8Array.of(i + 1, 0, 0, 1) })),
    };
    const bls = createNativeBls();
    const bootstrap = decodeBootstrap(snappyDecode(file('bootstrap.ssz_snappy')));
    let store: LightClientStore = startStore(network, hexOf('trusted_block_root'), bootstrap);
    const steps = readSteps(file('steps.yaml').toString());
    expect(steps.length).toBeGreaterThan(3);
    for (const step of steps) {
      store =
        step.update === undefined
          ? forceUpdate(network, store, step.currentSlot)
          : processUpdate(
              network,
              store,
              decodeUpdate(snappyDecode(file(`${step.update}.ssz_snappy`))),
              step.currentSlot,
              bls,
            );
      check(store.finalizedHeader, step.finalized);
      check(store.optimisticHeader, step.optimistic);
    }
  });
});
