import type { ChannelConfig, SignedCloseApproval, SignedOffer } from '@dcml/channel';
import { type Address, asChannelId, type ChannelId, type Hex } from '@dcml/core';
import { encodeFunctionData, parseEventLogs } from 'viem';
import { inferenceChannelsAbi as abi } from './artifacts/inference-channels.ts';
import type { DcmlChain } from './contracts.ts';
import { EvmError } from './evm-error.ts';
import { type CallOptions, type SentTransaction, sendTransaction } from './send.ts';

export interface ChannelOpening {
  readonly config: ChannelConfig;
  readonly depositWei: bigint;
  readonly offer: SignedOffer;
}

export interface OpenedChannel {
  readonly channelId: ChannelId;
  readonly transaction: SentTransaction;
}

function sendToChannels(
  chain: DcmlChain,
  data: Hex,
  valueWei: bigint,
  options?: CallOptions,
): Promise<SentTransaction> {
  return sendTransaction(chain, { to: chain.contracts.channels, data, valueWei }, options);
}

/** Adds to the sender's bond pool. All functions here throw as `sendTransaction`. */
export function depositBond(
  chain: DcmlChain,
  amountWei: bigint,
  options?: CallOptions,
): Promise<SentTransaction> {
  return sendToChannels(chain, encodeFunctionData({ abi, functionName: 'depositBond' }), amountWei, options);
}

/** Pays free bond out to the sender. */
export function withdrawBond(
  chain: DcmlChain,
  amountWei: bigint,
  options?: CallOptions,
): Promise<SentTransaction> {
  const data = encodeFunctionData({ abi, functionName: 'withdrawBond', args: [amountWei] });
  return sendToChannels(chain, data, 0n, options);
}

/** Opens a channel; the sender is `config.payer`. */
export async function openChannel(
  chain: DcmlChain,
  { config, depositWei, offer }: ChannelOpening,
  options?: CallOptions,
): Promise<OpenedChannel> {
  const args = [config, offer.maxDepositWei, BigInt(offer.expiresAt), offer.hostSignature] as const;
  const data = encodeFunctionData({ abi, functionName: 'open', args });
  const transaction = await sendToChannels(chain, data, depositWei, options);
  const [opened] = parseEventLogs({ abi, eventName: 'ChannelOpened', logs: transaction.receipt.logs });
  if (opened === undefined)
    throw new EvmError('EVM_ANSWER', 'the receipt of an opening has no ChannelOpened');
  return { channelId: asChannelId(opened.args.channelId), transaction };
}

/** Closes with the enclave's approval; anyone may send it. */
export function closeChannel(
  chain: DcmlChain,
  config: ChannelConfig,
  { charge, enclaveSignature, voucher }: SignedCloseApproval,
  options?: CallOptions,
): Promise<SentTransaction> {
  const maxClaimableWei = voucher?.maxClaimableWei ?? 0n;
  const payerSignature = voucher?.signature ?? '0x';
  const data = encodeFunctionData({
    abi,
    functionName: 'close',
    args: [config, charge.ownerWei, charge.hostWei, enclaveSignature, maxClaimableWei, payerSignature],
  });
  return sendToChannels(chain, data, 0n, options);
}

/** The payer, who is the sender, starts to close without an approval. */
export function startClose(
  chain: DcmlChain,
  config: ChannelConfig,
  options?: CallOptions,
): Promise<SentTransaction> {
  const data = encodeFunctionData({ abi, functionName: 'startClose', args: [config] });
  return sendToChannels(chain, data, 0n, options);
}

/** After the window: the payer is refunded, the bond goes to the owner; anyone may send it. */
export function finalizeClose(
  chain: DcmlChain,
  config: ChannelConfig,
  options?: CallOptions,
): Promise<SentTransaction> {
  const data = encodeFunctionData({ abi, functionName: 'finalize', args: [config] });
  return sendToChannels(chain, data, 0n, options);
}

/** Pays an account's whole credit out to it; anyone may send it. */
export function withdraw(
  chain: DcmlChain,
  account: Address,
  options?: CallOptions,
): Promise<SentTransaction> {
  const data = encodeFunctionData({ abi, functionName: 'withdraw', args: [account] });
  return sendToChannels(chain, data, 0n, options);
}
