import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type Address, asAddress, asModelHash, Fields, type ModelHash, parseJson } from '@dcml/core';
import { NetworkError } from './network-error.ts';

/** What `dcml up --json` prints and what other commands read from run.json: where a running network is. */
export interface NetworkInfo {
  /** The supervisor: SIGTERM stops the network. */
  readonly pid: number;
  readonly home: string;
  /** OpenAI-compatible base URL, with `/v1`. */
  readonly proxyUrl: string;
  readonly apiKey: string;
  readonly chainRpc: string;
  readonly chainId: number;
  readonly hostUrl: string;
  readonly contracts: { readonly registry: Address; readonly channels: Address };
  readonly model: { readonly name: string; readonly hash: ModelHash };
  readonly verdict: 'pass' | 'fail' | 'unknown';
  readonly simulated: boolean;
  /** Process ids of the children by name. */
  readonly pids: Readonly<Record<string, number>>;
}

/** The JSON form, snake_case. */
export function encodeNetworkInfo(info: NetworkInfo): {
  readonly [key: string]: string | number | boolean | Readonly<Record<string, string | number>>;
} {
  return {
    pid: info.pid,
    home: info.home,
    proxy_url: info.proxyUrl,
    api_key: info.apiKey,
    chain_rpc: info.chainRpc,
    chain_id: info.chainId,
    host_url: info.hostUrl,
    contracts: { ...info.contracts },
    model: { ...info.model },
    verdict: info.verdict,
    simulated: info.simulated,
    pids: { ...info.pids },
  };
}

function parsePids(fields: Fields): Record<string, number> {
  const pids: Record<string, number> = {};
  for (const name of ['chain', 'host', 'enclave', 'proxy']) pids[name] = fields.integer(name, 1, 2 ** 31);
  fields.done();
  return pids;
}

function parseNetworkInfo(text: string): NetworkInfo {
  const fields = new Fields(parseJson(text), 'run.json');
  const contracts = fields.object('contracts');
  const model = fields.object('model');
  const info: NetworkInfo = {
    pid: fields.integer('pid', 1, 2 ** 31),
    home: fields.string('home'),
    proxyUrl: fields.string('proxy_url'),
    apiKey: fields.string('api_key'),
    chainRpc: fields.string('chain_rpc'),
    chainId: fields.integer('chain_id', 1, Number.MAX_SAFE_INTEGER),
    hostUrl: fields.string('host_url'),
    contracts: {
      registry: asAddress(contracts.string('registry')),
      channels: asAddress(contracts.string('channels')),
    },
    model: { name: model.string('name'), hash: asModelHash(model.string('hash')) },
    verdict: fields.oneOf('verdict', ['pass', 'fail', 'unknown']),
    simulated: fields.boolean('simulated'),
    pids: parsePids(fields.object('pids')),
  };
  fields.done();
  return info;
}

/** Writes run.json whole or not at all; it holds the API key, so only the owner may read it. */
export function writeRunFile(file: string, info: NetworkInfo): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(encodeNetworkInfo(info), null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, file);
}

export function removeRunFile(file: string): void {
  rmSync(file, { force: true });
}

/** What run.json says, or undefined when there is none. Throws `NETWORK_HOME_UNUSABLE` when it is not readable. */
export function readRunFile(file: string): NetworkInfo | undefined {
  try {
    return parseNetworkInfo(readFileSync(file, 'utf8'));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new NetworkError('NETWORK_HOME_UNUSABLE', `${file}: cannot be read`, { cause });
  }
}
