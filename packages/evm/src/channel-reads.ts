import type { ChannelConfig } from '@dcml/channel';
import { type Address, asChannelId, type Challenge, type ChannelId } from '@dcml/core';
import { inferenceChannelsAbi as abi } from './artifacts/inference-channels.ts';
import type { ChainClient } from './chain-client.ts';
import { type ChannelStatus, fromAbiSeconds, fromAbiStatus } from './channel-values.ts';
import type { DcmlChain } from './contracts.ts';
import { type CallOptions, read } from './send.ts';

/** A channel as the contract stores it. */
export interface StoredChannel {
  readonly status: ChannelStatus;
  /** What it holds, and the bond behind it; 0 once closed. */
  readonly depositWei: bigint;
  /** Unix seconds; 0 unless closing. */
  readonly closesAt: number;
}

/** A channel's state; status `none` for an unknown id. All functions here throw `EVM_UNREACHABLE`, `EVM_ANSWER`. */
export async function getChannel(
  chain: DcmlChain,
  id: ChannelId,
  options?: CallOptions,
): Promise<StoredChannel> {
  const address = chain.contracts.channels;
  const [depositWei, closesAt, status] = await read(
    chain.viem.readContract({ address, abi, functionName: 'channel', args: [id] }),
    options,
  );
  return { status: fromAbiStatus(status), depositWei, closesAt: fromAbiSeconds(closesAt) };
}

/** A host's free bond in wei. */
export function getBond(chain: DcmlChain, host: Address, options?: CallOptions): Promise<bigint> {
  const address = chain.contracts.channels;
  return read(chain.viem.readContract({ address, abi, functionName: 'bondOf', args: [host] }), options);
}

/** What an account can withdraw from the contract, in wei. */
export function getBalance(chain: DcmlChain, account: Address, options?: CallOptions): Promise<bigint> {
  const address = chain.contracts.channels;
  return read(chain.viem.readContract({ address, abi, functionName: 'balanceOf', args: [account] }), options);
}

/** An account's coins outside the contract, in wei. */
export function getCoins(chain: ChainClient, account: Address, options?: CallOptions): Promise<bigint> {
  return read(chain.viem.getBalance({ address: account }), options);
}

/** Whether a challenge opened a channel before. */
export function isChallengeUsed(
  chain: DcmlChain,
  enclaveKey: Address,
  challenge: Challenge,
  options?: CallOptions,
): Promise<boolean> {
  const address = chain.contracts.channels;
  const args = [enclaveKey, challenge] as const;
  return read(chain.viem.readContract({ address, abi, functionName: 'challengeUsed', args }), options);
}

/** The contract's own digest of a configuration: an oracle for the one that packages/channel computes. */
export async function getChannelId(
  chain: DcmlChain,
  config: ChannelConfig,
  options?: CallOptions,
): Promise<ChannelId> {
  const address = chain.contracts.channels;
  const id = chain.viem.readContract({ address, abi, functionName: 'channelId', args: [config] });
  return asChannelId(await read(id, options));
}
