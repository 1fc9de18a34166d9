import type { Server } from 'node:https';
import type { ChannelDesk } from './channels/channel-desk.ts';
import { EnclaveError } from './enclave-error.ts';
import type { Engine } from './engine/engine.ts';
import type { HostLedger } from './host/host-ledger.ts';
import { describeFailure, type Log } from './log.ts';
import type { MeasuredModel } from './model/measured-model.ts';

const APPROVAL_DEADLINE_MS = 10_000;

/**
 * An orderly end. The instance's keys die with it, so nobody could approve its channels later: it leaves an approval for
 * each with the host. Nothing is settled by that; whoever wants to close the channel submits the approval.
 */
export async function stopEnclave(parts: {
  readonly stop: AbortController;
  readonly server: Server;
  readonly desk: ChannelDesk;
  readonly host: HostLedger;
  readonly engine: Engine;
  readonly model: MeasuredModel;
  readonly log: Log;
}): Promise<void> {
  const { stop, server, desk, host, engine, model, log } = parts;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  stop.abort(new EnclaveError('ENCLAVE_STOPPING', 'the enclave is shutting down'));
  const signal = AbortSignal.timeout(APPROVAL_DEADLINE_MS);
  let left = 0;
  await Promise.all(
    desk.openChannels.map(async (channel) => {
      try {
        await desk.close(channel, signal);
        left++;
      } catch (error) {
        log('error', 'no approval left with the host', {
          channel: channel.ledger.channelId,
          ...describeFailure(error),
        });
      }
    }),
  );
  server.closeAllConnections();
  await closed;
  host.close();
  await engine.close();
  await model.close();
  log('info', 'enclave stopped', { approvals: left });
}
