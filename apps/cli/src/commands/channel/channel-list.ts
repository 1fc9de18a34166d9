import { openClient } from '../../client/open-client.ts';
import type { Command } from '../../program/command.ts';
import { chainOptions, keyOptions } from '../../settings/chain-access.ts';
import { readEntries } from './read-entries.ts';

export const channelList: Command = {
  name: 'channel list',
  summary: 'list your channels, brought in line with the chain',
  usage: '',
  arity: [0, 0],
  options: { ...chainOptions, ...keyOptions },
  examples: ['dcml channel list', 'dcml channel list --json'],
  async run(context) {
    const { channelToJson, channelToLine } = await import('./describe-channel.ts');
    const client = await openClient(context);
    try {
      const entries = await readEntries(client, context.signal);
      const text = entries.length === 0 ? 'no channels' : entries.map(channelToLine).join('\n');
      context.output.result({ channels: entries.map(channelToJson) }, text);
      return 0;
    } finally {
      await client.close();
    }
  },
};
