import type { Server } from 'node:https';
import type { ChannelDesk } from './channels/channel-desk.ts';
import { EnclaveError } from './enclave-error.ts';
import { describeFailure, type Log } from './log.ts';

const APPROVAL_DEADLINE_MS = 10_000;

/**
 * An orderly end of serving. The instance's keys die with it, so nobody could approve its channels later: it leaves an
 * approval for each with the host. Nothing is settled by that; whoever wants to close the channel submits the approval.
 */
export async function stopEnclave(parts: {
  readonly stop: AbortController;
  readonly server: Server;
  readonly desk: ChannelDesk;
  readonly log: Log;
}): Promise<void> {
  const { stop, server, desk, log } = parts;
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
        const id = channel.ledger.channelId;
        log('error', 'no approval left with the host', { channel: id, ...describeFailure(error) });
      }
    }),
  );
  server.closeAllConnections();
  await closed;
  log('info', 'enclave stopped', { approvals: left });
}
