import { CliError } from '../../cli-error.ts';
import type { CommandContext } from '../../program/command.ts';

/** The host that `--host-url` names, else the one of the network of this home. Throws `CLI_NOT_RUNNING`. */
export async function findHostUrl({ strings, home }: CommandContext): Promise<string> {
  const given = strings['host-url'];
  if (given !== undefined) return given;
  const { findNetwork } = await import('@dcml/devnet');
  const network = findNetwork(home);
  if (network === undefined)
    throw new CliError('CLI_NOT_RUNNING', `no network runs in ${home}, and no --host-url`);
  return network.hostUrl;
}
