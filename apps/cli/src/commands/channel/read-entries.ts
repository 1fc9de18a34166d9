import { asChannelId, type ChannelId } from '@dcml/core';
import { CliError } from '../../cli-error.ts';
import type { Client } from '../../client/open-client.ts';
import type { ChannelEntry } from './describe-channel.ts';

/** All channels of this home, oldest first, each brought in line with the chain. */
export async function readEntries(client: Client, signal: AbortSignal): Promise<ChannelEntry[]> {
  const { reconcileChannel } = await import('@dcml/client');
  const entries: ChannelEntry[] = [];
  for (const stored of await client.store.listChannels()) {
    const record = await reconcileChannel(client, stored, signal);
    const account = await client.store.getAccount(record.channelId);
    if (account !== null) entries.push({ record, account });
  }
  return entries;
}

function parseId(text: string): ChannelId | undefined {
  try {
    return asChannelId(text);
  } catch {
    return undefined;
  }
}

/**
 * The channel that an argument names: its id or the beginning of it. Without an argument the only one that is not over.
 * Throws `CLI_USAGE`.
 */
export function selectEntry(entries: readonly ChannelEntry[], text: string | undefined): ChannelEntry {
  const live = entries.filter(({ record }) => record.phase !== 'closed' && record.phase !== 'abandoned');
  if (text === undefined) {
    const [only] = live;
    if (only !== undefined && live.length === 1) return only;
    const why = live.length === 0 ? 'there is no channel to choose' : `name one of ${live.length} channels`;
    throw new CliError('CLI_USAGE', `${why} (dcml channel list shows them)`);
  }
  const id = parseId(text);
  const found = entries.filter(({ record }) =>
    id === undefined ? record.channelId.startsWith(text) : record.channelId === id,
  );
  const [entry] = found;
  if (entry !== undefined && found.length === 1 && text.length >= 6) return entry;
  const why = found.length > 1 ? 'is the beginning of several channels' : 'is no channel of this home';
  throw new CliError('CLI_USAGE', `${text} ${why} (dcml channel list shows them)`);
}
