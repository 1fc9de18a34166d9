import { type Address, asAddress, type Hex } from '@dcml/core';
import {
  type Chain,
  createPublicClient,
  http,
  type LocalAccount,
  type PublicClient,
  type Transport,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { defineChain } from 'viem/utils';
import { EvmError } from './evm-error.ts';
import { readError } from './read-error.ts';

/** A connection to one chain, with or without a key. Functions of this package take it first. */
export interface ChainClient {
  readonly chainId: number;
  /** The account that sends, or null for a client that only reads. */
  readonly address: Address | null;
  /** viem's client, for what this package does not wrap. */
  readonly viem: PublicClient<Transport, Chain>;
  readonly account: LocalAccount | null;
  /** Runs one sender at a time, since a nonce belongs to one transaction. */
  readonly inTurn: <Value>(task: () => Promise<Value>) => Promise<Value>;
}

export interface ChainClientOptions {
  readonly rpcUrl?: string;
  /** Instead of `rpcUrl`: any viem transport. */
  readonly transport?: Transport;
  /** When given, a node of another chain is refused. */
  readonly chainId?: number;
  /** A private key (32 bytes) or a viem account that signs. */
  readonly account?: Hex | LocalAccount;
  /** How often to look for a receipt. Default 200 ms. */
  readonly pollMs?: number;
  /** Deadline of one request to the node. Default 10 s. */
  readonly timeoutMs?: number;
}

function createTurns(): ChainClient['inTurn'] {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task, task);
    last = next.catch(() => undefined);
    return next;
  };
}

function chooseTransport(options: ChainClientOptions): Transport {
  if (options.transport !== undefined) return options.transport;
  if (options.rpcUrl === undefined) throw new EvmError('EVM_UNREACHABLE', 'no RPC address was given');
  // No silent repeats: the caller sees the error and its advice.
  return http(options.rpcUrl, { timeout: options.timeoutMs ?? 10_000, retryCount: 0 });
}

/** The account of a private key (32 bytes). */
export function addressOfKey(privateKey: Hex): Address {
  return asAddress(privateKeyToAccount(privateKey).address);
}

/** Connects and checks the chain id. Throws `EVM_UNREACHABLE`, `EVM_WRONG_CHAIN`. */
export async function createChainClient(options: ChainClientOptions): Promise<ChainClient> {
  const transport = chooseTransport(options);
  const pollingInterval = options.pollMs ?? 200;
  const chainId = await createPublicClient({ transport, pollingInterval })
    .getChainId()
    .catch((error: unknown) => {
      throw readError(error);
    });
  if (options.chainId !== undefined && options.chainId !== chainId) {
    throw new EvmError('EVM_WRONG_CHAIN', `the node serves chain ${chainId}, not ${options.chainId}`, {
      details: { expected: options.chainId, actual: chainId },
    });
  }
  const chain = defineChain({
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
  const account =
    typeof options.account === 'string' ? privateKeyToAccount(options.account) : options.account;
  return {
    chainId,
    address: account === undefined ? null : asAddress(account.address),
    // Blocks are read fresh: a cached number would hide what was just mined.
    viem: createPublicClient({ chain, transport, pollingInterval, cacheTime: 0 }),
    account: account ?? null,
    inTurn: createTurns(),
  };
}
