import { type Address, asAddress, type Hex } from '@dcml/core';
import {
  createWalletClient,
  custom,
  type LocalAccount,
  type TransactionReceipt,
  WaitForTransactionReceiptTimeoutError,
} from 'viem';
import type { ChainClient } from './chain-client.ts';
import { EvmError } from './evm-error.ts';
import { readError } from './read-error.ts';

export interface CallOptions {
  /** Ends the wait; a transaction that was sent may still be mined. */
  readonly signal?: AbortSignal;
  /** Deadline for the receipt. Default 60 s. */
  readonly timeoutMs?: number;
}

/** A mined, successful transaction. */
export interface SentTransaction {
  readonly hash: Hex;
  readonly blockNumber: bigint;
  readonly gasUsed: bigint;
  readonly receipt: TransactionReceipt;
}

export interface Transaction {
  /** Null deploys `data`. */
  readonly to: Address | null;
  readonly data: Hex;
  readonly valueWei?: bigint;
}

/** Settles as `task` does, or rejects with the signal's reason. */
export function abortable<Value>(task: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (signal === undefined) return task;
  if (signal.aborted) {
    task.catch(() => undefined);
    return Promise.reject(signal.reason as Error);
  }
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    task.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function toRequest(
  { account }: ChainClient,
  { to, data, valueWei }: Transaction,
): { account: LocalAccount; to: Address | null; data: Hex; value: bigint } {
  if (account === null) throw new EvmError('EVM_NO_ACCOUNT', 'this chain client has no key to send with');
  return { account, to, data, value: valueWei ?? 0n };
}

async function submit(client: ChainClient, transaction: Transaction, signal?: AbortSignal): Promise<Hex> {
  const { viem } = client;
  // It may have waited for its turn: who gave up meanwhile does not pay.
  signal?.throwIfAborted();
  const request = toRequest(client, transaction);
  const wallet = createWalletClient({
    chain: viem.chain,
    transport: custom(viem, { retryCount: 0 }),
  });
  // Estimation runs the call, so a refusal is found before anything is paid for it.
  const gas = await viem.estimateGas(request);
  return wallet.sendTransaction({ ...request, gas: (gas * 5n) / 4n });
}

async function send(
  client: ChainClient,
  transaction: Transaction,
  { timeoutMs = 60_000, signal }: CallOptions,
): Promise<SentTransaction> {
  const hash = await client.inTurn(() => submit(client, transaction, signal));
  const receipt = await client.viem
    .waitForTransactionReceipt({ hash, timeout: timeoutMs })
    .catch((error: unknown) => {
      if (!(error instanceof WaitForTransactionReceiptTimeoutError)) throw error;
      throw new EvmError('EVM_NOT_MINED', `no block took ${hash} within ${timeoutMs} ms`, {
        details: { hash },
        cause: error,
      });
    });
  if (receipt.status !== 'success') {
    // The state changed between estimation and mining; asking again names the reason.
    await client.viem.estimateGas(toRequest(client, transaction));
    throw new EvmError('EVM_REVERTED', `the transaction ${hash} was mined but refused`, {
      details: { error: 'unknown', args: [], hash },
    });
  }
  return { hash, blockNumber: receipt.blockNumber, gasUsed: receipt.gasUsed, receipt };
}

/**
 * Signs, sends and waits for the receipt. Transactions of one client leave in turn.
 * Throws `EVM_REVERTED`, `EVM_INSUFFICIENT_FUNDS`, `EVM_NOT_MINED`, `EVM_NO_ACCOUNT`, `EVM_UNREACHABLE`, `EVM_ANSWER`.
 */
export async function sendTransaction(
  client: ChainClient,
  transaction: Transaction,
  options: CallOptions = {},
): Promise<SentTransaction> {
  try {
    return await abortable(send(client, transaction, options), options.signal);
  } catch (error) {
    if (options.signal?.aborted && error === options.signal.reason) throw error;
    throw readError(error);
  }
}

/** Runs a read and turns its errors into EvmError. */
export async function read<Value>(task: Promise<Value>, options: CallOptions = {}): Promise<Value> {
  try {
    return await abortable(task, options.signal);
  } catch (error) {
    if (options.signal?.aborted && error === options.signal.reason) throw error;
    throw readError(error);
  }
}

/** Sends coin. Throws as `sendTransaction`. */
export function transfer(
  client: ChainClient,
  to: Address,
  valueWei: bigint,
  options?: CallOptions,
): Promise<SentTransaction> {
  return sendTransaction(client, { to: asAddress(to), data: '0x', valueWei }, options);
}
