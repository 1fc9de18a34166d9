import { join } from 'node:path';
import { asAddress } from '@dcml/core';
import {
  attachContracts,
  type ChainClient,
  type DcmlChain,
  type DcmlContracts,
  deployContracts,
} from '@dcml/evm';
import { DevnetError } from '../devnet-error.ts';
import { readIfPresent, writeDurably } from './durable-file.ts';

function readAddresses(text: string, path: string): DcmlContracts {
  try {
    const { registry, channels } = JSON.parse(text) as Record<string, string>;
    return { registry: asAddress(registry ?? ''), channels: asAddress(channels ?? '') };
  } catch (cause) {
    throw new DevnetError('DEVNET_CHAIN_STATE', `${path} does not hold contract addresses`, { cause });
  }
}

/**
 * The contracts of a data directory: deployed by the client's account at the first call, remembered ever after.
 * Throws `DEVNET_CHAIN_STATE`, EvmError `EVM_NO_CONTRACT` when the chain does not have them, and as `deployContracts`.
 */
export async function deployDevContracts(client: ChainClient, dataDir: string): Promise<DcmlChain> {
  const path = join(dataDir, 'dev-contracts.json');
  const text = await readIfPresent(path);
  if (text !== null) return attachContracts(client, readAddresses(text, path));
  const contracts = await deployContracts(client);
  await writeDurably(path, JSON.stringify(contracts));
  return attachContracts(client, contracts);
}
