import type { ChannelId, Hex } from '@dcml/core';
import {
  EvmError,
  finalizeClose,
  getBalance,
  getChannel,
  startClose,
  closeChannel as submitApproval,
  withdraw,
} from '@dcml/evm';
import { ClientError } from './client-error.ts';
import type { ChannelPhase, ChannelRecord } from './client-store.ts';
import { findApproval } from './close-approval.ts';
import type { EnclaveConnection } from './connect-enclave.ts';
import type { ChannelPorts } from './open-channel.ts';
import { reconcileChannel } from './resume-channel.ts';

/**
 * How it ended, or goes on: `approved` by the enclave's approval, `started` a close that the host may answer until
 * `closesAt`, `finalized` without an answer, `settled` by somebody else before, `never-opened` without a deposit.
 */
export type CloseMeans = 'approved' | 'started' | 'waiting' | 'finalized' | 'settled' | 'never-opened';

export interface CloseOutcome {
  readonly channelId: ChannelId;
  readonly means: CloseMeans;
  readonly phase: ChannelPhase;
  /** Who gets what of the deposit; null where only the chain's events tell. */
  readonly ownerWei: bigint | null;
  readonly hostWei: bigint | null;
  readonly payerWei: bigint | null;
  /** What was paid out of the contract to the payer's account now. */
  readonly withdrawnWei: bigint;
  readonly transaction: Hex | null;
  /** Unix seconds; 0 unless a close is under way. */
  readonly closesAt: number;
}

type Step = Pick<CloseOutcome, 'means' | 'transaction'>;

async function startOrFinalize(
  ports: ChannelPorts,
  record: ChannelRecord,
  signal: AbortSignal,
): Promise<Step> {
  const { chain, store, platform } = ports;
  if (record.phase !== 'closing') {
    const { hash } = await startClose(chain, record.config, { signal });
    const { closesAt } = await getChannel(chain, record.channelId, { signal });
    await store.updateChannel(record.channelId, { phase: 'closing', closesAt });
    return { means: 'started', transaction: hash };
  }
  // The contract compares with the block's time, which may differ from this clock: it decides.
  if (record.closesAt * 1000 > platform.clock.now() && !(await isWindowOver(ports, record, signal))) {
    return { means: 'waiting', transaction: null };
  }
  const { hash } = await finalizeClose(chain, record.config, { signal });
  await store.updateChannel(record.channelId, { phase: 'closed', closeTransaction: hash });
  return { means: 'finalized', transaction: hash };
}

async function isWindowOver(
  ports: ChannelPorts,
  record: ChannelRecord,
  signal: AbortSignal,
): Promise<boolean> {
  signal.throwIfAborted();
  const block = await ports.chain.viem.getBlock({ blockTag: 'latest' });
  return block.timestamp > BigInt(record.closesAt);
}

async function settle(
  ports: ChannelPorts,
  connection: EnclaveConnection | null,
  record: ChannelRecord,
  signal: AbortSignal,
): Promise<Step> {
  if (record.phase === 'closed') return { means: 'settled', transaction: record.closeTransaction };
  if (record.phase === 'abandoned' || record.phase === 'prepared')
    return { means: 'never-opened', transaction: null };
  if (record.phase === 'depositing') {
    throw new ClientError(
      'CLIENT_CHANNEL_OVER',
      'the deposit may still arrive on chain; close again after the offer ends',
    );
  }
  const approval = await findApproval(ports, connection, record, signal);
  if (approval === null) return startOrFinalize(ports, record, signal);
  try {
    const { hash } = await submitApproval(ports.chain, record.config, approval, { signal });
    await ports.store.updateChannel(record.channelId, { phase: 'closed', closeTransaction: hash });
    return { means: 'approved', transaction: hash };
  } catch (error) {
    // Anyone may submit an approval: the host may have been first.
    if (!(error instanceof EvmError) || error.code !== 'EVM_REVERTED') throw error;
    const after = await reconcileChannel(ports, record, signal);
    if (after.phase !== 'closed') throw error;
    return { means: 'settled', transaction: null };
  }
}

async function payOut(ports: ChannelPorts, signal: AbortSignal): Promise<bigint> {
  const { chain } = ports;
  if (chain.address === null) return 0n;
  const creditWei = await getBalance(chain, chain.address, { signal });
  if (creditWei > 0n) await withdraw(chain, chain.address, { signal });
  return creditWei;
}

function shares(
  record: ChannelRecord,
  means: CloseMeans,
): Pick<CloseOutcome, 'ownerWei' | 'hostWei' | 'payerWei'> {
  if (means === 'never-opened') return { ownerWei: 0n, hostWei: 0n, payerWei: 0n };
  // DCML section 6: without an answer in the window the payer is refunded in full.
  if (means === 'finalized') return { ownerWei: 0n, hostWei: 0n, payerWei: record.depositWei };
  const { approval } = record;
  if (approval === null || means === 'started' || means === 'waiting') {
    return { ownerWei: null, hostWei: null, payerWei: null };
  }
  const { ownerWei, hostWei } = approval.charge;
  return { ownerWei, hostWei, payerWei: record.depositWei - ownerWei - hostWei };
}

/**
 * Closes a channel by the best means there is: the enclave's approval, the one that it left with its host, or a close
 * on chain that the host may answer; called again after the window it takes the refund. Every step is stored, so it
 * may be called again at any time. Throws `CLIENT_APPROVAL`, `CLIENT_NOT_FOUND`, `CLIENT_CHANNEL_OVER`, `EvmError`.
 */
export async function closeChannel(
  ports: ChannelPorts,
  connection: EnclaveConnection | null,
  id: ChannelId,
  signal: AbortSignal,
): Promise<CloseOutcome> {
  const stored = await ports.store.getChannel(id);
  if (stored === null) throw new ClientError('CLIENT_NOT_FOUND', `no channel ${id} here`);
  const current = await reconcileChannel(ports, stored, signal);
  const { means, transaction } = await settle(ports, connection, current, signal);
  const record = (await ports.store.getChannel(id)) ?? current;
  const withdrawnWei = record.phase === 'closed' ? await payOut(ports, signal) : 0n;
  return {
    channelId: id,
    means,
    phase: record.phase,
    ...shares(record, means),
    withdrawnWei,
    transaction,
    closesAt: record.phase === 'closing' ? record.closesAt : 0,
  };
}
