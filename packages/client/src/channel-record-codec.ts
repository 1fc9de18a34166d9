import {
  decodeChannelConfig,
  decodeSignedCloseApproval,
  decodeSignedOffer,
  encodeChannelConfig,
  encodeSignedCloseApproval,
  encodeSignedOffer,
} from '@dcml/channel';
import {
  asAddress,
  asChannelId,
  Fields,
  fromPrefixedHex,
  type Hex,
  type JsonObject,
  type JsonValue,
} from '@dcml/core';
import type { ChannelPhase, ChannelRecord } from './client-store.ts';

const PHASES: readonly ChannelPhase[] = [
  'prepared',
  'depositing',
  'deposited',
  'open',
  'lost',
  'closing',
  'closed',
  'abandoned',
];

/** The stored form; never on the wire, since it holds the session key. */
export function encodeChannelRecord(record: ChannelRecord): JsonObject {
  return {
    channel_id: record.channelId,
    chain_id: record.domain.chainId,
    contract: record.domain.contract,
    config: encodeChannelConfig(record.config),
    session_key: record.sessionKey,
    deposit: record.depositWei.toString(),
    host_url: record.hostUrl,
    enclave_url: record.enclaveUrl,
    phase: record.phase,
    offer: record.offer === null ? null : encodeSignedOffer(record.offer),
    open_transaction: record.openTransaction,
    approval: record.approval === null ? null : encodeSignedCloseApproval(record.approval),
    close_transaction: record.closeTransaction,
    closes_at: record.closesAt,
    created_at: record.createdAt,
  };
}

function readHex32(fields: Fields, name: string): Hex {
  const text = fields.string(name, 66);
  fromPrefixedHex(text, name, 32);
  return text as Hex;
}

function optionally<Value>(fields: Fields, name: string, read: (value: JsonValue) => Value): Value | null {
  const value = fields.required(name);
  return value === null ? null : read(value);
}

/** Throws `CORE_FIELD`: a damaged record is an error, never a forgotten deposit. */
export function decodeChannelRecord(value: JsonValue): ChannelRecord {
  const fields = new Fields(value, 'channel');
  const record: ChannelRecord = {
    channelId: asChannelId(fields.string('channel_id')),
    domain: {
      chainId: fields.integer('chain_id', 1, Number.MAX_SAFE_INTEGER),
      contract: asAddress(fields.string('contract')),
    },
    config: decodeChannelConfig(fields.required('config')),
    sessionKey: readHex32(fields, 'session_key'),
    depositWei: fields.decimal('deposit'),
    hostUrl: fields.string('host_url'),
    enclaveUrl: fields.string('enclave_url'),
    phase: fields.oneOf('phase', PHASES),
    offer: optionally(fields, 'offer', (offer) => decodeSignedOffer(offer)),
    openTransaction: optionally(fields, 'open_transaction', () => readHex32(fields, 'open_transaction')),
    approval: optionally(fields, 'approval', (approval) => decodeSignedCloseApproval(approval)),
    closeTransaction: optionally(fields, 'close_transaction', () => readHex32(fields, 'close_transaction')),
    closesAt: fields.integer('closes_at', 0, Number.MAX_SAFE_INTEGER),
    createdAt: fields.integer('created_at', 0, Number.MAX_SAFE_INTEGER),
  };
  fields.done();
  return record;
}
