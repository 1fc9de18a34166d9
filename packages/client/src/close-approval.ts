import {
  addUsage,
  assertCloseApproval,
  chargeOf,
  createChannelDigests,
  type PayerState,
  type SignedCloseApproval,
  totalWei,
} from '@dcml/channel';
import { ChannelAccount } from './channel-account.ts';
import { ClientError } from './client-error.ts';
import type { ChannelRecord } from './client-store.ts';
import type { EnclaveConnection } from './connect-enclave.ts';
import { requestClose } from './enclave-calls.ts';
import { getStoredApproval } from './host-calls.ts';
import type { ChannelPorts } from './open-channel.ts';
import { refusalCode } from './sealed-exchange.ts';

/**
 * An approval that the payer may submit: signed by the channel's enclave, and charging what the receipts say, or more
 * only as far as requests without a receipt explain it. Throws `CLIENT_APPROVAL`.
 */
export function assertApproval(
  ports: Pick<ChannelPorts, 'platform'>,
  record: ChannelRecord,
  account: PayerState,
  approval: SignedCloseApproval,
): void {
  const refuse = (why: string, cause?: unknown): never => {
    throw new ClientError('CLIENT_APPROVAL', `the close approval ${why}`, { cause });
  };
  try {
    assertCloseApproval(
      createChannelDigests(record.domain),
      ports.platform.secp256k1,
      record.config,
      approval,
    );
  } catch (cause) {
    refuse('is not valid for this channel', cause);
  }
  if (totalWei(approval.charge) > account.authorizedWei) refuse('charges more than was ever signed');
  const least = chargeOf(account.usage, record.config.price);
  const most = chargeOf(Object.values(account.inFlight).reduce(addUsage, account.usage), record.config.price);
  for (const part of ['ownerWei', 'hostWei'] as const) {
    const charged = approval.charge[part];
    if (charged < least[part] || charged > most[part]) {
      refuse(`charges ${charged} as ${part}, receipts say ${least[part]} to ${most[part]}`);
    }
  }
}

async function approvalFromEnclave(
  ports: ChannelPorts,
  connection: EnclaveConnection | null,
  record: ChannelRecord,
  signal: AbortSignal,
): Promise<SignedCloseApproval | null> {
  if (connection === null || connection.enclaveKey !== record.config.enclaveKey) return null;
  const request = new ChannelAccount(ports.store, ports.platform, record).signRequest('close');
  try {
    return await requestClose(connection, request, signal);
  } catch (error) {
    // Another key at its address is another instance: the one that serves this channel is gone.
    const gone: readonly string[] = ['CLIENT_CONNECT', 'CLIENT_PIN', 'CLIENT_STALE_KEY'];
    const isGone = error instanceof ClientError && gone.includes(error.code);
    if (isGone || refusalCode(error) === 'ENCLAVE_CHANNEL_UNKNOWN') return null;
    throw error;
  }
}

async function approvalFromHost(
  ports: ChannelPorts,
  record: ChannelRecord,
  signal: AbortSignal,
): Promise<SignedCloseApproval | null> {
  try {
    return await getStoredApproval(ports.platform, record.hostUrl, record.channelId, signal);
  } catch (error) {
    // A host that is gone or talks nonsense must not keep the payer from closing.
    if (error instanceof ClientError && !signal.aborted) return null;
    throw error;
  }
}

/**
 * The best approval there is: stored, the enclave's, or the one left with its host; checked and stored.
 * Null when there is none. Throws `CLIENT_APPROVAL`, `CLIENT_NOT_FOUND`.
 */
export async function findApproval(
  ports: ChannelPorts,
  connection: EnclaveConnection | null,
  record: ChannelRecord,
  signal: AbortSignal,
): Promise<SignedCloseApproval | null> {
  if (record.approval !== null) return record.approval;
  const account = await ports.store.getAccount(record.channelId);
  if (account === null) throw new ClientError('CLIENT_NOT_FOUND', `no channel ${record.channelId} here`);
  const fromEnclave = await approvalFromEnclave(ports, connection, record, signal);
  const approval = fromEnclave ?? (await approvalFromHost(ports, record, signal));
  if (approval === null) return null;
  assertApproval(ports, record, account, approval);
  await ports.store.updateChannel(record.channelId, { approval });
  return approval;
}
