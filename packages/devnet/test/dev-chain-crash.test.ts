import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type ChainClient, createChainClient, transfer } from '@dcml/evm';
import { expect, it, onTestFinished } from 'vitest';
import { loadDevAccounts } from '../src/index.ts';
import { connect, makeDataDir, processGone, rpc, startChain } from './chain-fixtures.ts';

const target = `0x${'aa'.repeat(20)}` as Parameters<typeof transfer>[1];

/** What somebody was told: it must be true for ever. */
interface Seen {
  readonly transactions: Set<string>;
  readonly blocks: Map<string, string>;
}

async function sendUntilDead(client: ChainClient, seen: Seen): Promise<void> {
  for (;;) {
    try {
      seen.transactions.add((await transfer(client, target, 1n, { timeoutMs: 5_000 })).hash);
    } catch {
      return;
    }
  }
}

async function readUntilDead(rpcUrl: string, seen: Seen): Promise<void> {
  for (;;) {
    try {
      const block = (await rpc(rpcUrl, 'eth_getBlockByNumber', ['latest', false])) as {
        number?: string;
        hash?: string;
      };
      if (block.number === undefined || block.hash === undefined) return;
      seen.blocks.set(block.number, block.hash);
    } catch {
      return;
    }
  }
}

async function expectNothingLost(rpcUrl: string, seen: Seen): Promise<void> {
  for (const hash of seen.transactions) {
    expect(await rpc(rpcUrl, 'eth_getTransactionReceipt', [hash]), hash).toMatchObject({ status: '0x1' });
  }
  for (const [number, hash] of seen.blocks) {
    expect(await rpc(rpcUrl, 'eth_getBlockByNumber', [number, false]), number).toMatchObject({ hash });
  }
}

/** Resolves once at least `count` transactions were answered, then lets `steps` turns of the event loop pass. */
async function somewhereAfter(seen: Seen, count: number, steps: number): Promise<void> {
  while (seen.transactions.size < count) await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < steps; i++) await new Promise((resolve) => setImmediate(resolve));
}

it('kill -9 of the node at any moment: reported once, nothing lost that anybody saw, no orphan', async () => {
  const dataDir = await makeDataDir();
  const seen: Seen = { transactions: new Set(), blocks: new Map() };
  for (const steps of [0, 7, 40]) {
    const exits: string[] = [];
    const exited = Promise.withResolvers<void>();
    const chain = await startChain(dataDir, (reason) => {
      exits.push(reason);
      exited.resolve();
    });
    await expectNothingLost(chain.rpcUrl, seen);
    const { client } = await connect(chain, dataDir);
    const traffic = [sendUntilDead(client, seen), readUntilDead(chain.rpcUrl, seen)];
    await somewhereAfter(seen, seen.transactions.size + 3, steps);
    process.kill(chain.pid, 'SIGKILL');
    await Promise.all(traffic);
    await exited.promise;
    await processGone(chain.pid);
    await chain.close();
    expect(exits).toHaveLength(1);
  }
  const last = await startChain(dataDir);
  await expectNothingLost(last.rpcUrl, seen);
  expect(seen.transactions.size).toBeGreaterThanOrEqual(9);
});

it('kill -9 of our own process: the node dies with it, and nothing is lost that anybody saw', async () => {
  const dataDir = await makeDataDir();
  const { sender } = await loadDevAccounts(dataDir, ['sender']);
  const seen: Seen = { transactions: new Set(), blocks: new Map() };
  for (const steps of [3, 60]) {
    const child = spawn(process.execPath, [`${import.meta.dirname}/chain-child.ts`, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const { value: line } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    const { rpcUrl, pid } = JSON.parse(line as unknown as string) as { rpcUrl: string; pid: number };
    await expectNothingLost(rpcUrl, seen);
    await rpc(rpcUrl, 'anvil_setBalance', [sender.address, '0x3635c9adc5dea00000']);
    const client = await createChainClient({ rpcUrl, account: sender.privateKey, pollMs: 10 });
    const traffic = [sendUntilDead(client, seen), readUntilDead(rpcUrl, seen)];
    await somewhereAfter(seen, seen.transactions.size + 3, steps);
    child.kill('SIGKILL');
    await Promise.all(traffic);
    await processGone(pid);
  }
  const last = await startChain(dataDir);
  await expectNothingLost(last.rpcUrl, seen);
  expect(seen.transactions.size).toBeGreaterThanOrEqual(6);
});
