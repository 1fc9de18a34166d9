import type { CloseOutcome, EnclaveConnection } from '@dcml/client';
import { isDcmlError, type JsonObject } from '@dcml/core';
import { clientOptions, findTarget } from '../../client/client-options.ts';
import { type Client, openClient } from '../../client/open-client.ts';
import type { Command, CommandContext } from '../../program/command.ts';
import { formatWei } from '../../program/format-amount.ts';
import { readEntries, selectEntry } from './read-entries.ts';

/** The enclave may be gone: then the approval that it left with its host closes the channel, or the chain does. */
async function tryConnect(context: CommandContext, client: Client): Promise<EnclaveConnection | null> {
  const { connectEnclave } = await import('@dcml/client');
  try {
    const target = await findTarget(context);
    const { chain, platform } = client;
    return await connectEnclave({ ...target, chain, platform, signal: context.signal });
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isDcmlError(error)) throw error;
    context.output.warn(`the enclave does not answer (${error.code}): closing without it`);
    return null;
  }
}

const meanings: Readonly<Record<CloseOutcome['means'], string>> = {
  approved: "closed by the enclave's approval",
  started: 'close started on chain; the host may answer until the window ends',
  waiting: 'close is under way; the host may still answer',
  finalized: 'closed without an answer: refunded',
  settled: 'was settled before',
  'never-opened': 'never had a deposit on chain',
};

function toJson(outcome: CloseOutcome): JsonObject {
  return {
    channel_id: outcome.channelId,
    means: outcome.means,
    phase: outcome.phase,
    creator: outcome.ownerWei?.toString() ?? null,
    host: outcome.hostWei?.toString() ?? null,
    payer: outcome.payerWei?.toString() ?? null,
    withdrawn: outcome.withdrawnWei.toString(),
    transaction: outcome.transaction,
    closes_at: outcome.closesAt,
  };
}

function toText(outcome: CloseOutcome): string {
  const share = (name: string, wei: bigint | null): string[] =>
    wei === null ? [] : [`${name.padEnd(11)} ${formatWei(wei)}`];
  const closes = new Date(outcome.closesAt * 1000).toISOString();
  return [
    `channel     ${outcome.channelId}`,
    `outcome     ${meanings[outcome.means]}`,
    ...share('creator', outcome.ownerWei),
    ...share('host', outcome.hostWei),
    ...share('payer', outcome.payerWei),
    ...(outcome.withdrawnWei > 0n ? share('withdrawn', outcome.withdrawnWei) : []),
    ...(outcome.transaction === null ? [] : [`transaction ${outcome.transaction}`]),
    ...(outcome.closesAt === 0
      ? []
      : [`window ends ${closes}; then: dcml channel close ${outcome.channelId}`]),
  ].join('\n');
}

export const channelClose: Command = {
  name: 'channel close',
  summary: 'close a channel: creator and host are paid on chain, the rest comes back',
  usage: '[ID]',
  arity: [0, 1],
  options: clientOptions,
  examples: ['dcml channel close', 'dcml channel close 0x1a2b3c --json'],
  async run(context) {
    const { positionals, output, signal } = context;
    const client = await openClient(context);
    try {
      const { closeChannel } = await import('@dcml/client');
      const { record } = selectEntry(await readEntries(client, signal), positionals[0]);
      const connection = await tryConnect(context, client);
      try {
        const outcome = await closeChannel(client, connection, record.channelId, signal);
        output.result(toJson(outcome), toText(outcome));
        return 0;
      } finally {
        connection?.transport.close();
      }
    } finally {
      await client.close();
    }
  },
};
