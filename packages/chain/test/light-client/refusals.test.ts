import { DevelopmentBeacon } from '@dcml/devnet/beacon';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNativeBls } from '../../src/bls/native-bls.ts';
import {
  type BeaconNetwork,
  beaconHeaderRoot,
  type ExecutionHeader,
  forceUpdate,
  type LightClientHeader,
  type LightClientStore,
  type LightClientUpdate,
  parseBootstrap,
  parseUpdate,
  processUpdate,
  startStore,
} from '../../src/index.ts';

const bls = createNativeBls();
const refusal = expect.objectContaining({ code: 'CHAIN_UPDATE' });
const word = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** 4 epochs of 8 slots are a period; all forks at the start, but for electra in period 2. */
const network: BeaconNetwork = {
  genesisValidatorsRoot: word(7),
  genesisTimeSeconds: 1_700_000_000,
  secondsPerSlot: 12,
  slotsPerEpoch: 8,
  epochsPerSyncCommitteePeriod: 4,
  syncCommitteeSize: 8,
  forks: [
    { name: 'capella', epoch: 0, version: Uint8Array.of(3, 0, 0, 9) },
    { name: 'deneb', epoch: 0, version: Uint8Array.of(4, 0, 0, 9) },
    { name: 'electra', epoch: 8, version: Uint8Array.of(5, 0, 0, 9) },
  ],
};
const beacon = new DevelopmentBeacon(network, word(1));

function execution(number: number): ExecutionHeader {
  return {
    parentHash: word(number),
    feeRecipient: new Uint8Array(20),
    stateRoot: word(number + 100),
    receiptsRoot: word(0),
    logsBloom: new Uint8Array(256),
    prevRandao: word(0),
    blockNumber: BigInt(number),
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    timestamp: BigInt(1_700_000_000 + 12 * number),
    extraData: new Uint8Array(number % 33),
    baseFeePerGas: 7n,
    blockHash: word(number + 1),
    transactionsRoot: word(0),
    withdrawalsRoot: word(0),
    blobGas: { used: 0n, excess: 0n },
  };
}

const at = (slot: number): { slot: number; execution: ExecutionHeader } => ({
  slot,
  execution: execution(slot),
});
const bootstrap = beacon.bootstrap(8, execution(8));
const trusted = beaconHeaderRoot(bootstrap.header.beacon);
const start = (): LightClientStore => startStore(network, trusted, bootstrap);
const NOW = 30;
const sound = (): LightClientUpdate => beacon.update({ attested: at(20), finalized: at(16) });
const take = (update: LightClientUpdate, store = start(), now = NOW): LightClientStore =>
  processUpdate(network, store, update, now, bls);

describe('a development beacon chain', () => {
  it('is followed through periods and a fork by the same code as mainnet', () => {
    let store = start();
    for (const slot of [20, 28, 44, 60, 76, 92, 108]) {
      store = take(beacon.update({ attested: at(slot), finalized: at(slot - 4) }), store, slot + 2);
      expect(store.finalizedHeader.beacon.slot).toBe(slot - 4);
      expect(store.optimisticHeader.execution.blockNumber).toBe(BigInt(slot));
    }
  });

  it('does not go back', () => {
    const store = take(beacon.update({ attested: at(28), finalized: at(24) }));
    expect(() => take(beacon.update({ attested: at(20), finalized: at(16) }), store)).toThrow('nothing new');
    const older = take(beacon.update({ attested: at(29), finalized: at(16) }), store);
    expect(older.finalizedHeader.beacon.slot).toBe(24);
  });

  it('takes nothing as final that less than two thirds signed, and nothing as newest that few signed', () => {
    const some = (count: number): boolean[] => Array.from({ length: 8 }, (_, i) => i < count);
    const store = take(beacon.update({ attested: at(20), finalized: at(16), bits: some(5) }));
    expect(store.finalizedHeader.beacon.slot).toBe(8);
    expect(store.optimisticHeader.beacon.slot).toBe(20);
    const few = take(beacon.update({ attested: at(21), bits: some(2) }), store);
    expect(few.optimisticHeader.beacon.slot).toBe(20);
    const enough = take(beacon.update({ attested: at(22), finalized: at(16), bits: some(6) }), store);
    expect(enough.finalizedHeader.beacon.slot).toBe(16);
  });

  it('forces nothing before a whole period has passed', () => {
    const bits = Array.from({ length: 8 }, (_, i) => i < 5);
    const store = take(beacon.update({ attested: at(20), finalized: at(16), bits }));
    expect(forceUpdate(network, store, 40)).toBe(store);
    expect(forceUpdate(network, store, 41).finalizedHeader.beacon.slot).toBe(16);
  });
});

describe('startStore refuses', () => {
  it('another block than the trusted one', () => {
    expect(() => startStore(network, word(9), bootstrap)).toThrow('not of the trusted block');
  });
  it('another committee, and one with a member changed', () => {
    const other = { ...bootstrap, currentSyncCommittee: beacon.committee(5).committee };
    expect(() => startStore(network, trusted, other)).toThrow('not that of the trusted block');
  });
  it('a foreign execution header', () => {
    const header = { ...bootstrap.header, execution: execution(9) };
    expect(() => startStore(network, trusted, { ...bootstrap, header })).toThrow('not in the block');
  });
});

describe('an update is refused with', () => {
  const update = sound();
  const withHeader = (header: Partial<LightClientHeader>): LightClientUpdate => ({
    ...update,
    attestedHeader: { ...update.attestedHeader, ...header },
  });
  const { blobGas: _, ...beforeBlobs } = execution(20);

  it.each<[string, LightClientUpdate, string, number?]>([
    ['a signature from the future', update, 'after now', 20],
    ['a signature slot before the block', { ...update, signatureSlot: 20 }, 'before the block'],
    [
      'a finalized block after it',
      beacon.update({ attested: at(20), finalized: at(24) }),
      'finalizes a block after',
    ],
    ['a signature of a later period', beacon.update({ attested: at(70) }), 'the store is at 0', 80],
    ['another execution header', withHeader({ execution: execution(21) }), 'not in the block'],
    ['a cut execution branch', withHeader({ executionBranch: [] }), 'not in the block'],
    ['an execution header of an older fork', withHeader({ execution: beforeBlobs }), 'not that of deneb'],
    [
      'another finalized header',
      { ...update, finality: { ...update.finality!, header: beacon.bootstrap(15, execution(15)).header } },
      'finalized header is not in the attested state',
    ],
    [
      'another next committee',
      {
        ...update,
        nextSyncCommittee: { ...update.nextSyncCommittee!, committee: beacon.committee(4).committee },
      },
      'next sync committee is not in the attested state',
    ],
    [
      'nobody',
      { ...update, syncAggregate: { ...update.syncAggregate, bits: Array.from({ length: 8 }, () => false) } },
      'signed by nobody',
    ],
    [
      'too many bits',
      { ...update, syncAggregate: { ...update.syncAggregate, bits: Array.from({ length: 9 }, () => true) } },
      'another number of bits',
    ],
    [
      'a bit that did not sign',
      {
        ...update,
        syncAggregate: {
          ...beacon.update({
            attested: at(20),
            finalized: at(16),
            bits: [false, ...Array.from({ length: 7 }, () => true)],
          }).syncAggregate,
          bits: Array.from({ length: 8 }, () => true),
        },
      },
      'not that of the sync committee',
    ],
    [
      'the signature of another network',
      {
        ...update,
        syncAggregate: new DevelopmentBeacon({ ...network, genesisValidatorsRoot: word(8) }, word(1)).update({
          attested: at(20),
          finalized: at(16),
        }).syncAggregate,
      },
      'not that of the sync committee',
    ],
    [
      'the signature of other keys',
      {
        ...update,
        syncAggregate: new DevelopmentBeacon(network, word(2)).update({ attested: at(20) }).syncAggregate,
      },
      'not that of the sync committee',
    ],
  ])('%s', (_what, forged, message, now = NOW) => {
    expect(() => take(forged, start(), now)).toThrow(message);
    expect(() => take(forged, start(), now)).toThrow(refusal);
  });

  it('another next committee than the one that is known', () => {
    const store = take(update);
    const other = { ...update.nextSyncCommittee!, committee: beacon.committee(3).committee };
    expect(() => take({ ...beacon.update({ attested: at(21) }), nextSyncCommittee: other }, store)).toThrow(
      refusal,
    );
  });

  it('any flipped bit of the signature', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 767 }), (bit) => {
        const signature = Uint8Array.from(update.syncAggregate.signature);
        signature[bit >> 3]! ^= 1 << (bit & 7);
        const forged = { ...update, syncAggregate: { ...update.syncAggregate, signature } };
        expect(() => take(forged)).toThrow(refusal);
      }),
      { numRuns: 20 },
    );
  });
});

it('documents in another form are refused, naming the member', () => {
  expect(() => parseBootstrap({}, 8)).toThrow('bootstrap.header: is missing');
  expect(() => parseUpdate({ attested_header: { beacon: { slot: '-1' } } }, 8)).toThrow(
    expect.objectContaining({ code: 'CHAIN_FORMAT' }),
  );
});
