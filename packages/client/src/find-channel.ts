import { EvmError } from '@dcml/evm';
import { ClientError } from './client-error.ts';
import type { ChannelPhase, ChannelRecord } from './client-store.ts';
import type { EnclaveConnection } from './connect-enclave.ts';
import { openChannel } from './open-channel.ts';
import { resumeChannel } from './resume-channel.ts';
import type { SessionOptions } from './session-options.ts';

/** Phases that a session can go on with. */
const RESUMABLE: readonly ChannelPhase[] = ['prepared', 'depositing', 'deposited', 'open'];

function isCandidate(record: ChannelRecord, options: SessionOptions, connection: EnclaveConnection): boolean {
  const { chain, model } = options;
  return (
    record.domain.chainId === chain.chainId &&
    record.domain.contract === chain.contracts.channels &&
    record.config.model === model &&
    record.enclaveUrl === connection.enclaveUrl &&
    RESUMABLE.includes(record.phase) &&
    record.approval === null
  );
}

/** Null when the deposit cannot be made: then a new channel may be tried, which says why if it fails as well. */
async function tryResume(
  options: SessionOptions,
  connection: EnclaveConnection,
  record: ChannelRecord,
  signal: AbortSignal,
): Promise<ChannelRecord | null> {
  try {
    return await resumeChannel(options, connection, record, signal);
  } catch (error) {
    const refused: readonly string[] = ['EVM_REVERTED', 'EVM_INSUFFICIENT_FUNDS'];
    if (error instanceof EvmError && refused.includes(error.code)) return null;
    throw error;
  }
}

/**
 * A channel that this connection's enclave serves: resumed, or opened where the options allow it.
 * Throws `CLIENT_NO_CHANNEL` and as `openChannel`.
 */
export async function findChannel(
  options: SessionOptions,
  connection: EnclaveConnection,
  signal: AbortSignal,
): Promise<ChannelRecord> {
  for (const record of await options.store.listChannels()) {
    if (!isCandidate(record, options, connection)) continue;
    const resumed = await tryResume(options, connection, record, signal);
    if (resumed?.phase === 'open') return resumed;
  }
  const { autoOpen, model } = options;
  if (autoOpen === null) {
    throw new ClientError('CLIENT_NO_CHANNEL', 'no channel with this enclave is usable');
  }
  return openChannel(options, connection, { model, ...autoOpen }, signal);
}
