import { CliError } from '../cli-error.ts';
import type { Command } from '../program/command.ts';

export const down: Command = {
  name: 'down',
  summary: 'stop the network that runs in this home',
  usage: '',
  arity: [0, 0],
  options: {},
  examples: ['dcml down', 'dcml down --home /tmp/second'],
  async run({ home, output, signal }) {
    const { stopNetwork } = await import('@dcml/devnet');
    const stopped = await stopNetwork(home, { timeoutMs: 60_000, signal });
    if (stopped === undefined) throw new CliError('CLI_NOT_RUNNING', `no network runs in ${home}`);
    output.result({ stopped: true, home, pid: stopped.pid }, `stopped the network of ${home}`);
    return 0;
  },
};
