import type { ChannelConfig } from '@dcml/channel';
import { type Address, asAddress, asChannelId, type ChannelId } from '@dcml/core';
import { getAbiItem } from 'viem';
import { inferenceChannelsAbi as abi } from './artifacts/inference-channels.ts';
import { fromAbiConfig, fromAbiSeconds } from './channel-values.ts';
import type { DcmlChain } from './contracts.ts';
import { type CallOptions, read } from './send.ts';

/** The blocks to search, both included; default: all. */
export interface BlockRange {
  readonly fromBlock?: bigint;
  readonly toBlock?: bigint;
}

export interface OpenedEvent {
  readonly channelId: ChannelId;
  /** The whole configuration: what is needed to close, from the chain alone. */
  readonly config: ChannelConfig;
  readonly depositWei: bigint;
  readonly blockNumber: bigint;
}

export interface CloseStartedEvent {
  readonly channelId: ChannelId;
  readonly host: Address;
  /** Unix seconds: until then, and as long as nobody finalized, an approval closes the channel. */
  readonly closesAt: number;
  readonly blockNumber: bigint;
}

const opened = getAbiItem({ abi, name: 'ChannelOpened' });
const closeStarted = getAbiItem({ abi, name: 'ChannelCloseStarted' });

/** Channels that were opened, by payer or host. Throws `EVM_UNREACHABLE`, `EVM_ANSWER`. */
export async function listOpened(
  chain: DcmlChain,
  filter: BlockRange & {
    readonly channelId?: ChannelId;
    readonly payer?: Address;
    readonly host?: Address;
  } = {},
  options?: CallOptions,
): Promise<OpenedEvent[]> {
  const logs = await read(
    chain.viem.getLogs({
      address: chain.contracts.channels,
      event: opened,
      args: {
        ...(filter.channelId === undefined ? {} : { channelId: filter.channelId }),
        ...(filter.payer === undefined ? {} : { payer: filter.payer }),
        ...(filter.host === undefined ? {} : { host: filter.host }),
      },
      fromBlock: filter.fromBlock ?? 0n,
      toBlock: filter.toBlock ?? 'latest',
      strict: true,
    }),
    options,
  );
  return logs.map((log) => ({
    channelId: asChannelId(log.args.channelId),
    config: fromAbiConfig(log.args.config),
    depositWei: log.args.deposit,
    blockNumber: log.blockNumber,
  }));
}

/** Closes that payers started. Throws `EVM_UNREACHABLE`, `EVM_ANSWER`. */
export async function listCloseStarted(
  chain: DcmlChain,
  filter: BlockRange & { readonly host?: Address } = {},
  options?: CallOptions,
): Promise<CloseStartedEvent[]> {
  const logs = await read(
    chain.viem.getLogs({
      address: chain.contracts.channels,
      event: closeStarted,
      args: filter.host === undefined ? {} : { host: filter.host },
      fromBlock: filter.fromBlock ?? 0n,
      toBlock: filter.toBlock ?? 'latest',
      strict: true,
    }),
    options,
  );
  return logs.map((log) => ({
    channelId: asChannelId(log.args.channelId),
    host: asAddress(log.args.host),
    closesAt: fromAbiSeconds(log.args.closesAt),
    blockNumber: log.blockNumber,
  }));
}
