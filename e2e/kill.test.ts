import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { asAddress, asChannelId, type Hex } from '@dcml/core';
import {
  attachContracts,
  createChainClient,
  type DcmlChain,
  getBalance,
  getBond,
  getChannel,
} from '@dcml/evm';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// kill -9 of each process at a random moment of a paid stream: afterwards the money on chain adds up to the wei, nobody
// paid twice, and nobody paid for more than was signed for.

const launcher = join(import.meta.dirname, '../apps/cli/bin/dcml.js');
const MAX_TOKENS = 60;
const seed = Number(process.env['DCML_SEED'] ?? '1');

interface Network {
  readonly proxy_url: string;
  readonly api_key: string;
  readonly chain_rpc: string;
  readonly chain_id: number;
  readonly contracts: { readonly registry: string; readonly channels: string };
  readonly pids: Readonly<Record<string, number>>;
}

interface ChannelLine {
  readonly channel_id: string;
  readonly phase: string;
  readonly owner: string;
  readonly host: string;
  readonly deposit: string;
  readonly authorized: string;
  readonly charged_owner: string;
  readonly charged_host: string;
}

let home: string;
let running: ReturnType<typeof spawn> | null = null;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'dcml-kill-'));
});
afterEach(async () => {
  if (running !== null && running.exitCode === null && running.signalCode === null) {
    const closed = once(running, 'close');
    running.kill('SIGTERM');
    await closed;
  }
  await rm(home, { recursive: true, force: true });
});

async function up(): Promise<{ readonly network: Network; readonly ended: Promise<unknown> }> {
  const child = spawn(
    process.execPath,
    [launcher, 'up', '--model', 'tiny', '--port', '0', '--json', '--home', home],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  running = child;
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close');
  const early = ended.then(() => {
    throw new Error(`dcml up ended: ${errors}`);
  });
  early.catch(() => {});
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), early]);
  return { network: JSON.parse(String(line)) as Network, ended };
}

async function dcml<Result>(...words: string[]): Promise<Result> {
  const child = spawn(process.execPath, [launcher, ...words, '--home', home, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`dcml ${words.join(' ')} failed: ${stderr}`);
  return JSON.parse(stdout) as Result;
}

/** Streams an answer and kills a process after `after` pieces of text; returns how many pieces arrived. */
async function streamAndKill(network: Network, pid: number, after: number): Promise<number> {
  const client = new OpenAI({ baseURL: network.proxy_url, apiKey: network.api_key, maxRetries: 0 });
  let pieces = 0;
  try {
    const stream = await client.chat.completions.create({
      model: 'tiny',
      messages: [{ role: 'user', content: 'Tell me about the enclave.' }],
      max_tokens: MAX_TOKENS,
      stream: true,
    });
    for await (const _chunk of stream) if (++pieces === after) process.kill(pid, 'SIGKILL');
  } catch {
    // A cut answer is what the kill is about.
  }
  if (pieces < after) process.kill(pid, 'SIGKILL');
  return pieces;
}

async function rpc(network: Network, method: string, params: readonly unknown[]): Promise<void> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const headers = { 'content-type': 'application/json' };
  await fetch(network.chain_rpc, { method: 'POST', headers, body });
}

async function chainOf(network: Network): Promise<DcmlChain> {
  const client = await createChainClient({ rpcUrl: network.chain_rpc, chainId: network.chain_id });
  const { registry, channels } = network.contracts;
  return attachContracts(client, { registry: asAddress(registry), channels: asAddress(channels) });
}

async function closeAll(network: Network, lines: readonly ChannelLine[]): Promise<Map<string, string>> {
  const means = new Map<string, string>();
  for (const { channel_id: id } of lines) {
    let outcome = await dcml<{ means: string }>('channel', 'close', id);
    if (outcome.means === 'started') {
      await rpc(network, 'evm_increaseTime', [40 * 86_400]);
      await rpc(network, 'evm_mine', []);
      outcome = await dcml<{ means: string }>('channel', 'close', id);
    }
    means.set(id, outcome.means);
  }
  return means;
}

describe.each(['proxy', 'host', 'enclave', 'chain'])('kill -9 of the %s in a paid stream', (victim) => {
  it(`loses and double-charges nothing (seed ${seed})`, async () => {
    const first = await up();
    const chat = await dcml<{ charged: string }>('chat', 'What is a voucher?', '--max-tokens', '20');
    const after = 1 + ((seed * 7919 + victim.length * 104_729) % 20);
    await streamAndKill(first.network, first.network.pids[victim]!, after);
    await first.ended;

    const { network } = await up();
    const { channels: lines } = await dcml<{ channels: ChannelLine[] }>('channel', 'list');
    expect(lines.length).toBeGreaterThan(0);
    const means = await closeAll(network, lines);
    const chain = await chainOf(network);
    const [line] = lines;
    let owed = 0n;
    let forfeited = 0n;
    for (const entry of lines) {
      const id = asChannelId(entry.channel_id);
      expect((await getChannel(chain, id)).status).toBe('closed');
      if (means.get(entry.channel_id) === 'finalized') forfeited += BigInt(entry.deposit);
      else owed += BigInt(entry.charged_owner) + BigInt(entry.charged_host);
    }
    const owner = asAddress(line!.owner);
    const host = asAddress(line!.host);
    const paid = (await getBalance(chain, owner)) + (await getBalance(chain, host)) - forfeited;
    // At least what receipts prove, at most what was signed; a finalized close refunds the payer in full.
    const authorized = lines.reduce((sum, entry) => sum + BigInt(entry.authorized), 0n);
    expect(paid).toBeGreaterThanOrEqual(owed);
    expect(paid).toBeLessThanOrEqual(authorized);
    if (forfeited === 0n) expect(paid).toBeGreaterThanOrEqual(BigInt(chat.charged));
    // The contract holds exactly credits and bonds: nothing is stuck, nothing was made.
    const held = await chain.viem.getBalance({ address: network.contracts.channels as Hex });
    const credits = (await getBalance(chain, owner)) + (await getBalance(chain, host));
    expect(held).toBe(credits + (await getBond(chain, host)));
    const log = await readFile(join(home, 'logs', 'enclave.log'), 'utf8').catch(() => '');
    expect(log).not.toContain('Tell me about the enclave');
  }, 180_000);
});
