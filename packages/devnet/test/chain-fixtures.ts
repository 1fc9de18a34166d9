import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '@dcml/core';
import { type ChainClient, createChainClient } from '@dcml/evm';
import { onTestFinished } from 'vitest';
import { type DevAccount, type DevChain, loadDevAccounts, startDevChain } from '../src/index.ts';

export async function makeDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'dcml-dev-chain-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** A chain that the test closes, or that is closed after it. */
export async function startChain(
  dataDir: string,
  onExit: (reason: string) => void = () => undefined,
  clock: Clock = systemClock,
): Promise<DevChain> {
  const chain = await startDevChain({ dataDir, signal: new AbortController().signal, onExit, clock });
  onTestFinished(() => chain.close());
  return chain;
}

/** A client whose account has coins. */
export async function connect(
  chain: DevChain,
  dataDir: string,
): Promise<{ client: ChainClient; account: DevAccount }> {
  const { sender } = await loadDevAccounts(dataDir, ['sender']);
  await chain.setBalance(sender.address, 10n ** 21n);
  const client = await createChainClient({ rpcUrl: chain.rpcUrl, account: sender.privateKey, pollMs: 10 });
  return { client, account: sender };
}

/** The whole JSON-RPC answer to any body. */
export async function post(rpcUrl: string, body: unknown): Promise<unknown> {
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return response.json();
}

export async function rpc(rpcUrl: string, method: string, params: readonly unknown[] = []): Promise<unknown> {
  const answer = (await post(rpcUrl, { jsonrpc: '2.0', id: 1, method, params })) as {
    result?: unknown;
    error?: { code: number; message: string };
  };
  return answer.error ?? answer.result;
}

/** Resolves when no process has the id any more; rejects after 10 s. */
export async function processGone(pid: number): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`process ${pid} is still there`);
}
