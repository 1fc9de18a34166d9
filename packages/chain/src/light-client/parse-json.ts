import { CoreError, Fields, fromPrefixedHex, type JsonValue } from '@dcml/core';
import { ChainError } from '../chain-error.ts';
import type {
  BeaconHeader,
  ExecutionHeader,
  LightClientBootstrap,
  LightClientHeader,
  LightClientUpdate,
  SyncAggregate,
  SyncCommittee,
} from './types.ts';

const MAX_BRANCH = 16;

function bytes(fields: Fields, name: string, length: number): Uint8Array {
  return fromPrefixedHex(fields.hex(name, length), `${fields.path}.${name}`, length);
}

function slot(fields: Fields, name: string): number {
  return Number(fields.decimal(name, BigInt(Number.MAX_SAFE_INTEGER)));
}

const uint64 = (fields: Fields, name: string): bigint => fields.decimal(name, (1n << 64n) - 1n);

function branch(fields: Fields, name: string): Uint8Array[] {
  return fields.array(name, MAX_BRANCH).map((node, i) => {
    const path = `${fields.path}.${name}[${i}]`;
    if (typeof node !== 'string') throw new CoreError('CORE_FIELD', `${path}: expected a string`);
    return fromPrefixedHex(node, path, 32);
  });
}

function readBeacon(fields: Fields): BeaconHeader {
  return {
    slot: slot(fields, 'slot'),
    proposerIndex: uint64(fields, 'proposer_index'),
    parentRoot: bytes(fields, 'parent_root', 32),
    stateRoot: bytes(fields, 'state_root', 32),
    bodyRoot: bytes(fields, 'body_root', 32),
  };
}

function readExecution(fields: Fields): ExecutionHeader {
  const extraText = fields.string('extra_data', 66);
  return {
    parentHash: bytes(fields, 'parent_hash', 32),
    feeRecipient: bytes(fields, 'fee_recipient', 20),
    stateRoot: bytes(fields, 'state_root', 32),
    receiptsRoot: bytes(fields, 'receipts_root', 32),
    logsBloom: bytes(fields, 'logs_bloom', 256),
    prevRandao: bytes(fields, 'prev_randao', 32),
    blockNumber: uint64(fields, 'block_number'),
    gasLimit: uint64(fields, 'gas_limit'),
    gasUsed: uint64(fields, 'gas_used'),
    timestamp: uint64(fields, 'timestamp'),
    extraData: fromPrefixedHex(extraText, `${fields.path}.extra_data`),
    baseFeePerGas: fields.decimal('base_fee_per_gas'),
    blockHash: bytes(fields, 'block_hash', 32),
    transactionsRoot: bytes(fields, 'transactions_root', 32),
    withdrawalsRoot: bytes(fields, 'withdrawals_root', 32),
    ...(fields.has('blob_gas_used')
      ? { blobGas: { used: uint64(fields, 'blob_gas_used'), excess: uint64(fields, 'excess_blob_gas') } }
      : {}),
  };
}

function readHeader(fields: Fields): LightClientHeader {
  return {
    beacon: readBeacon(fields.object('beacon')),
    execution: readExecution(fields.object('execution')),
    executionBranch: branch(fields, 'execution_branch'),
  };
}

function readCommittee(fields: Fields, size: number): SyncCommittee {
  const publicKeys = fields.array('pubkeys', size).map((key, i) => {
    const path = `${fields.path}.pubkeys[${i}]`;
    if (typeof key !== 'string') throw new CoreError('CORE_FIELD', `${path}: expected a string`);
    return fromPrefixedHex(key, path, 48);
  });
  if (publicKeys.length !== size) {
    throw new CoreError('CORE_FIELD', `${fields.path}.pubkeys: expected ${size} keys`);
  }
  return { publicKeys, aggregatePublicKey: bytes(fields, 'aggregate_pubkey', 48) };
}

function readAggregate(fields: Fields, size: number): SyncAggregate {
  const packed = bytes(fields, 'sync_committee_bits', size / 8);
  return {
    bits: Array.from({ length: size }, (_, i) => ((packed[i >> 3]! >> (i & 7)) & 1) === 1),
    signature: bytes(fields, 'sync_committee_signature', 96),
  };
}

/** A finalized header all of whose roots are zero stands for genesis. */
function isGenesis(header: BeaconHeader): boolean {
  return header.slot === 0 && header.bodyRoot.every((byte) => byte === 0);
}

/** The specification marks an absent part of an update by a branch of zeros (`is_finality_update`). */
function presentBranch(fields: Fields, name: string): Uint8Array[] | undefined {
  if (!fields.has(name)) return undefined;
  const nodes = branch(fields, name);
  return nodes.some((node) => node.some((byte) => byte !== 0)) ? nodes : undefined;
}

function readFinality(
  fields: Fields,
  nodes: readonly Uint8Array[],
): NonNullable<LightClientUpdate['finality']> {
  const header = fields.object('finalized_header');
  const beacon = readBeacon(header.object('beacon'));
  return { header: isGenesis(beacon) ? null : readHeader(header), branch: nodes };
}

function readUpdate(fields: Fields, size: number): LightClientUpdate {
  const finality = presentBranch(fields, 'finality_branch');
  const next = presentBranch(fields, 'next_sync_committee_branch');
  return {
    attestedHeader: readHeader(fields.object('attested_header')),
    ...(next && {
      nextSyncCommittee: {
        committee: readCommittee(fields.object('next_sync_committee'), size),
        branch: next,
      },
    }),
    ...(finality && { finality: readFinality(fields, finality) }),
    syncAggregate: readAggregate(fields.object('sync_aggregate'), size),
    signatureSlot: slot(fields, 'signature_slot'),
  };
}

function asFormat<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof CoreError)) throw cause;
    throw new ChainError('CHAIN_FORMAT', cause.message, { cause, details: cause.details });
  }
}

/** The `data` of an answer of `/eth/v1/beacon/light_client/bootstrap/{root}`. Throws `CHAIN_FORMAT`. */
export function parseBootstrap(data: JsonValue, syncCommitteeSize: number): LightClientBootstrap {
  return asFormat(() => {
    const fields = new Fields(data, 'bootstrap');
    return {
      header: readHeader(fields.object('header')),
      currentSyncCommittee: readCommittee(fields.object('current_sync_committee'), syncCommitteeSize),
      currentSyncCommitteeBranch: branch(fields, 'current_sync_committee_branch'),
    };
  });
}

/**
 * The `data` of an answer of `/eth/v1/beacon/light_client/updates`, `finality_update` or `optimistic_update`. Throws
 * `CHAIN_FORMAT`.
 */
export function parseUpdate(data: JsonValue, syncCommitteeSize: number): LightClientUpdate {
  return asFormat(() => readUpdate(new Fields(data, 'update'), syncCommitteeSize));
}
