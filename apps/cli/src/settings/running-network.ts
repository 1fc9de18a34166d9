import type { NetworkInfo } from '@dcml/devnet';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../program/command.ts';

/** The network that runs in this home, or undefined. */
export async function tryFindRunning({ home }: CommandContext): Promise<NetworkInfo | undefined> {
  const { findNetwork } = await import('@dcml/devnet');
  return findNetwork(home);
}

/** The same; throws `CLI_NOT_RUNNING` when there is none. */
export async function findRunning(context: CommandContext): Promise<NetworkInfo> {
  const network = await tryFindRunning(context);
  if (network === undefined) throw new CliError('CLI_NOT_RUNNING', `no network runs in ${context.home}`);
  return network;
}
