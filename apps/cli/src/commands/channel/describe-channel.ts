import { chargeOf, type PayerState, totalWei } from '@dcml/channel';
import type { ChannelRecord } from '@dcml/client';
import type { JsonObject } from '@dcml/core';
import { formatWei } from '../../program/format-amount.ts';

/** A channel and the payer's account of it. */
export interface ChannelEntry {
  readonly record: ChannelRecord;
  readonly account: PayerState;
}

export function channelToJson({ record, account }: ChannelEntry): JsonObject {
  const { config } = record;
  const charge = chargeOf(account.usage, config.price);
  return {
    channel_id: record.channelId,
    phase: record.phase,
    model: config.model,
    host: config.host,
    owner: config.owner,
    payer: config.payer,
    enclave_key: config.enclaveKey,
    host_url: record.hostUrl,
    deposit: record.depositWei.toString(),
    authorized: account.authorizedWei.toString(),
    charged_owner: charge.ownerWei.toString(),
    charged_host: charge.hostWei.toString(),
    prompt_tokens: account.usage.promptTokens.toString(),
    completion_tokens: account.usage.completionTokens.toString(),
    requests_in_flight: Object.keys(account.inFlight).length,
    open_transaction: record.openTransaction,
    close_transaction: record.closeTransaction,
    closes_at: record.closesAt,
    created_at: record.createdAt,
  };
}

/** One line: id, phase, money. */
export function channelToLine({ record, account }: ChannelEntry): string {
  const charged = totalWei(chargeOf(account.usage, record.config.price));
  const money = `${formatWei(charged)} charged of ${formatWei(record.depositWei)}`;
  return `${record.channelId}  ${record.phase.padEnd(10)}  ${money}`;
}

export function channelToText({ record, account }: ChannelEntry): string {
  const { config } = record;
  const { ownerWei, hostWei } = chargeOf(account.usage, config.price);
  const { promptTokens, completionTokens } = account.usage;
  const closes =
    record.closesAt === 0 ? [] : [`closes      ${new Date(record.closesAt * 1000).toISOString()}`];
  return [
    `channel     ${record.channelId}`,
    `phase       ${record.phase}`,
    `model       ${config.model}`,
    `host        ${config.host}  ${record.hostUrl}`,
    `creator     ${config.owner}`,
    `deposit     ${formatWei(record.depositWei)}`,
    `authorized  ${formatWei(account.authorizedWei)}`,
    `charged     ${formatWei(ownerWei + hostWei)} (${formatWei(ownerWei)} creator, ${formatWei(hostWei)} host)`,
    `tokens      ${promptTokens} prompt, ${completionTokens} completion`,
    ...closes,
  ].join('\n');
}
