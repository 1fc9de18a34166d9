import { openClient } from '../../client/open-client.ts';
import type { Command } from '../../program/command.ts';
import { chainOptions, keyOptions } from '../../settings/chain-access.ts';
import { readEntries, selectEntry } from './read-entries.ts';

export const channelShow: Command = {
  name: 'channel show',
  summary: 'show one channel: terms, deposit, what was authorized and charged',
  usage: '[ID]',
  arity: [0, 1],
  options: { ...chainOptions, ...keyOptions },
  examples: ['dcml channel show', 'dcml channel show 0x1a2b3c --json'],
  async run(context) {
    const { channelToJson, channelToText } = await import('./describe-channel.ts');
    const client = await openClient(context);
    try {
      const entry = selectEntry(await readEntries(client, context.signal), context.positionals[0]);
      context.output.result(channelToJson(entry), channelToText(entry));
      return 0;
    } finally {
      await client.close();
    }
  },
};
