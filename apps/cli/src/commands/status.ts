import type { Command } from '../program/command.ts';
import { formatNetwork } from './network/format-network.ts';

export const status: Command = {
  name: 'status',
  summary: 'show the network that runs in this home',
  usage: '',
  arity: [0, 0],
  options: {},
  examples: ['dcml status', 'dcml status --json'],
  async run({ home, output }) {
    const { encodeNetworkInfo, findNetwork } = await import('@dcml/devnet');
    const info = findNetwork(home);
    if (info === undefined) {
      output.result({ running: false, home }, `no network runs in ${home}`);
      return 1;
    }
    output.result({ running: true, ...encodeNetworkInfo(info) }, formatNetwork(info, output));
    return 0;
  },
};
