import { clientOptions, depositOf, depositOption, findTarget } from '../../client/client-options.ts';
import { openClient } from '../../client/open-client.ts';
import type { Command } from '../../program/command.ts';
import { formatWei } from '../../program/format-amount.ts';
import { formatOutcome } from '../../program/format-verdict.ts';

export const channelOpen: Command = {
  name: 'channel open',
  summary: 'verify an enclave and open a payment channel with it',
  usage: '',
  arity: [0, 0],
  options: { ...depositOption, ...clientOptions },
  examples: ['dcml channel open --deposit 0.01eth', 'dcml channel open --deposit 0.01eth --json'],
  async run(context) {
    const { output, signal } = context;
    const target = await findTarget(context);
    const client = await openClient(context);
    try {
      const { connectEnclave, openChannel } = await import('@dcml/client');
      const { chain, platform } = client;
      const connection = await connectEnclave({ ...target, chain, platform, signal });
      try {
        const depositWei = depositOf(context);
        const record = await openChannel(client, connection, { model: target.model, depositWei }, signal);
        const { verdict } = connection;
        output.result(
          {
            channel_id: record.channelId,
            deposit: record.depositWei.toString(),
            transaction: record.openTransaction,
            verdict: verdict.outcome,
            simulated: verdict.simulated,
          },
          [
            `channel  ${record.channelId}`,
            `deposit  ${formatWei(record.depositWei)}, the host's bond is as high`,
            `verdict  ${formatOutcome(verdict, output)}`,
          ].join('\n'),
        );
        return 0;
      } finally {
        connection.transport.close();
      }
    } finally {
      await client.close();
    }
  },
};
