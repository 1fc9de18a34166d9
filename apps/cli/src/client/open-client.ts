import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientPlatform, ClientStore } from '@dcml/client';
import type { DcmlChain } from '@dcml/evm';
import type { CommandContext } from '../program/command.ts';
import { connectChain } from '../settings/chain-access.ts';

/** The user's side: state on disk, the chain with the user's account, and what Node gives. */
export interface Client {
  readonly store: ClientStore;
  readonly chain: DcmlChain;
  readonly platform: ClientPlatform;
  close(): Promise<void>;
}

/** Opens the client state of this home and connects to the chain. Throws `CLIENT_STORE`, `CLI_*`, `EVM_*`. */
export async function openClient(context: CommandContext): Promise<Client> {
  const { createNodePlatform, openSqliteClientStore } = await import('@dcml/client/node');
  const chain = await connectChain(context, 'key');
  const directory = join(context.home, 'client');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const store = openSqliteClientStore(join(directory, 'client.db'));
  return { store, chain, platform: createNodePlatform(), close: () => store.close() };
}
