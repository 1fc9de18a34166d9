import { getChannel } from '@dcml/evm';
import type { ChannelRecord } from './client-store.ts';
import type { EnclaveConnection } from './connect-enclave.ts';
import { activateChannel, type ChannelPorts, sendDeposit } from './open-channel.ts';
import { refusalCode } from './sealed-exchange.ts';

/** A block may be older than the wall clock, so an offer may still be used this long after its end. */
const BLOCK_TIME_LAG_SECONDS = 120;
const FINAL: readonly ChannelRecord['phase'][] = ['closed', 'abandoned'];

/**
 * Brings a stored channel in line with the chain, which alone knows whether a deposit arrived.
 * Throws `EvmError` or `CLIENT_STORE`.
 */
export async function reconcileChannel(
  ports: Pick<ChannelPorts, 'store' | 'chain' | 'platform'>,
  record: ChannelRecord,
  signal: AbortSignal,
): Promise<ChannelRecord> {
  if (FINAL.includes(record.phase)) return record;
  const { store, chain, platform } = ports;
  const onChain = await getChannel(chain, record.channelId, { signal });
  switch (onChain.status) {
    case 'closed':
      return store.updateChannel(record.channelId, { phase: 'closed' });
    case 'closing':
      return store.updateChannel(record.channelId, { phase: 'closing', closesAt: onChain.closesAt });
    case 'open':
      if (record.phase !== 'prepared' && record.phase !== 'depositing') return record;
      return store.updateChannel(record.channelId, { phase: 'deposited' });
    case 'none': {
      const offerEnds = (record.offer?.expiresAt ?? 0) + BLOCK_TIME_LAG_SECONDS;
      const mayArrive = record.offer !== null && offerEnds * 1000 > platform.clock.now();
      return mayArrive ? record : store.updateChannel(record.channelId, { phase: 'abandoned' });
    }
  }
}

/**
 * Goes on with a channel where a crash left it, as far as its enclave allows: to `open`, `lost`, `closing`, `closed`
 * or `abandoned`. Throws `EvmError`, `CLIENT_*`; the stored phase stays true then.
 */
export async function resumeChannel(
  ports: ChannelPorts,
  connection: EnclaveConnection,
  stored: ChannelRecord,
  signal: AbortSignal,
): Promise<ChannelRecord> {
  let record = await reconcileChannel(ports, stored, signal);
  const offerLives = record.offer !== null && record.offer.expiresAt * 1000 > ports.platform.clock.now();
  if (record.phase === 'depositing' && offerLives) {
    try {
      record = await sendDeposit(ports, record, signal);
    } catch (error) {
      // The first attempt may have been mined since the chain was read.
      record = await reconcileChannel(ports, record, signal);
      if (record.phase === 'depositing') throw error;
    }
  }
  if (record.phase !== 'deposited' && record.phase !== 'open') return record;
  if (record.config.enclaveKey !== connection.enclaveKey) {
    return ports.store.updateChannel(record.channelId, { phase: 'lost' });
  }
  try {
    return await activateChannel(ports, connection, record, signal);
  } catch (error) {
    // The instance does not know the challenge any more, so it will never serve this channel.
    if (refusalCode(error) !== 'ENCLAVE_CHALLENGE') throw error;
    return ports.store.updateChannel(record.channelId, { phase: 'lost' });
  }
}
