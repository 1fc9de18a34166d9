import { type Address, asAddress, asModelHash, Fields, type JsonValue, type ModelHash } from '@dcml/core';
import { type HostCollateralSettings, parseHostCollateral } from './host-collateral-settings.ts';

/** What `dcml host start --config FILE` reads. Money in wei as decimal strings, prices per million tokens. */
export interface HostSettings {
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly contracts: { readonly registry: Address; readonly channels: Address };
  /** A file with the host's private key as 0x and 64 hex digits. */
  readonly privateKeyFile: string;
  readonly storeFile: string;
  readonly ledgerSocket: string;
  readonly listen: { readonly address: string; readonly port: number };
  readonly relay: { readonly address: string; readonly port: number; readonly publicUrl: string | null };
  readonly enclave: { readonly address: string; readonly port: number };
  readonly models: readonly {
    readonly model: ModelHash;
    readonly promptPerMTok: bigint;
    readonly completionPerMTok: bigint;
    readonly maxDepositWei: bigint;
  }[];
  readonly closeWindowSeconds: number;
  readonly offerLifetimeSeconds: number;
  /** Where the platform's collateral comes from; null: clients fetch it elsewhere. */
  readonly collateral: HostCollateralSettings | null;
  /** The block from which channel events matter. */
  readonly fromBlock: bigint;
}

function parseEndpoint(fields: Fields): { address: string; port: number } {
  const endpoint = { address: fields.string('address'), port: fields.integer('port', 0, 65_535) };
  fields.done();
  return endpoint;
}

function parseRelay(fields: Fields): HostSettings['relay'] {
  const publicUrl = fields.has('public_url') ? fields.string('public_url') : null;
  const relay = { address: fields.string('address'), port: fields.integer('port', 0, 65_535), publicUrl };
  fields.done();
  return relay;
}

function parseModel(value: JsonValue): HostSettings['models'][number] {
  const fields = new Fields(value, 'settings.models[]');
  const model = {
    model: asModelHash(fields.string('model')),
    promptPerMTok: fields.decimal('prompt_per_mtok'),
    completionPerMTok: fields.decimal('completion_per_mtok'),
    maxDepositWei: fields.decimal('max_deposit'),
  };
  fields.done();
  return model;
}

function parseContracts(fields: Fields): HostSettings['contracts'] {
  const contracts = {
    registry: asAddress(fields.string('registry')),
    channels: asAddress(fields.string('channels')),
  };
  fields.done();
  return contracts;
}

/** Throws `CORE_FIELD` or `CORE_ENCODING` naming the member. */
export function parseHostSettings(value: JsonValue): HostSettings {
  const fields = new Fields(value, 'settings');
  const settings: HostSettings = {
    rpcUrl: fields.string('rpc_url'),
    chainId: fields.integer('chain_id', 1, Number.MAX_SAFE_INTEGER),
    contracts: parseContracts(fields.object('contracts')),
    privateKeyFile: fields.string('private_key_file'),
    storeFile: fields.string('store_file'),
    ledgerSocket: fields.string('ledger_socket', 100),
    listen: parseEndpoint(fields.object('listen')),
    relay: parseRelay(fields.object('relay')),
    enclave: parseEndpoint(fields.object('enclave')),
    models: fields.array('models', 256).map(parseModel),
    closeWindowSeconds: fields.integer('close_window_seconds', 1, 30 * 86_400),
    offerLifetimeSeconds: fields.has('offer_lifetime_seconds')
      ? fields.integer('offer_lifetime_seconds', 10, 86_400)
      : 300,
    collateral: parseHostCollateral(fields),
    fromBlock: fields.has('from_block') ? fields.decimal('from_block') : 0n,
  };
  fields.done();
  return settings;
}
