import { join } from 'node:path';
import { type Address, asAddress } from '@dcml/core';
import type { DcmlChain } from '@dcml/evm';
import { CliError } from '../cli-error.ts';
import type { CommandContext, Options } from '../program/command.ts';
import { readPrivateKey } from './read-private-key.ts';
import { findRunning } from './running-network.ts';

/** Where the chain is; by default the one of the network in this home. */
export const chainOptions: Options = {
  'rpc-url': { type: 'string', value: 'URL', description: 'JSON-RPC of the chain (default: of dcml up)' },
  registry: { type: 'string', value: 'ADDRESS', description: 'the ModelRegistry contract' },
  channels: { type: 'string', value: 'ADDRESS', description: 'the InferenceChannels contract' },
};

/** Who sends. */
export const keyOptions: Options = {
  'key-file': {
    type: 'string',
    value: 'FILE',
    description: "file with the account's private key, mode 600 (default: of dcml up)",
  },
};

export interface ChainAccess {
  readonly rpcUrl: string;
  readonly contracts: { readonly registry: Address; readonly channels: Address };
}

function parseAddress(option: string, text: string): Address {
  try {
    return asAddress(text);
  } catch (cause) {
    throw new CliError('CLI_USAGE', `--${option}: ${text} is not an address`, { cause });
  }
}

/** The chain that the options name, all of it or none: parts of two chains never mix. Throws `CLI_USAGE`, `CLI_NOT_RUNNING`. */
async function findChain(context: CommandContext): Promise<ChainAccess> {
  const { 'rpc-url': rpcUrl, registry, channels } = context.strings;
  if (rpcUrl !== undefined && registry !== undefined && channels !== undefined) {
    return {
      rpcUrl,
      contracts: {
        registry: parseAddress('registry', registry),
        channels: parseAddress('channels', channels),
      },
    };
  }
  if (rpcUrl !== undefined || registry !== undefined || channels !== undefined) {
    throw new CliError('CLI_USAGE', '--rpc-url, --registry and --channels belong together');
  }
  const network = await findRunning(context);
  return { rpcUrl: network.chainRpc, contracts: network.contracts };
}

/** The file with the key of the user, or of another role of `dcml up`. */
function keyFileOf({ strings, home }: CommandContext): string {
  return strings['key-file'] ?? join(home, 'client', 'key');
}

/** Connects to the chain, with the account's key or to read only. Throws also `EVM_*`. */
export async function connectChain(context: CommandContext, account: 'key' | 'none'): Promise<DcmlChain> {
  const { rpcUrl, contracts } = await findChain(context);
  const key = account === 'key' ? await readPrivateKey(keyFileOf(context)) : undefined;
  const { attachContracts, createChainClient } = await import('@dcml/evm');
  const client = await createChainClient({ rpcUrl, ...(key === undefined ? {} : { account: key }) });
  return attachContracts(client, contracts, { signal: context.signal });
}
