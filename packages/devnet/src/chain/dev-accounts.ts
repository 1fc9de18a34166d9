import { join } from 'node:path';
import { type Address, type Hex, type Random, systemRandom, toPrefixedHex } from '@dcml/core';
import { addressOfKey } from '@dcml/evm';
import { DevnetError } from '../devnet-error.ts';
import { readIfPresent, writeDurably } from './durable-file.ts';

export interface DevAccount {
  readonly address: Address;
  readonly privateKey: Hex;
}

function toAccount(privateKey: Hex): DevAccount {
  return { privateKey, address: addressOfKey(privateKey) };
}

/**
 * The named accounts of a data directory: made at random at the first call, kept in a file that only its owner
 * reads, the same ever after. Names that are new get a key. Throws `DEVNET_CHAIN_STATE`.
 */
export async function loadDevAccounts<Name extends string>(
  dataDir: string,
  names: readonly Name[],
  random: Random = systemRandom,
): Promise<Readonly<Record<Name, DevAccount>>> {
  const path = join(dataDir, 'dev-accounts.json');
  const text = await readIfPresent(path);
  let keys: Record<string, Hex>;
  try {
    keys = text === null ? {} : (JSON.parse(text) as Record<string, Hex>);
    const missing = names.filter((name) => !Object.hasOwn(keys, name));
    for (const name of missing) keys[name] = toPrefixedHex(random.bytes(32));
    if (missing.length > 0) await writeDurably(path, JSON.stringify(keys));
    const accounts = names.map((name) => [name, toAccount(keys[name]!)] as const);
    return Object.fromEntries(accounts) as Record<Name, DevAccount>;
  } catch (cause) {
    if (cause instanceof DevnetError) throw cause;
    throw new DevnetError('DEVNET_CHAIN_STATE', `${path} does not hold keys`, { cause });
  }
}
