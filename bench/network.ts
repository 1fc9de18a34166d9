import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const launcher = join(import.meta.dirname, '../apps/cli/bin/dcml.js');

/** What `dcml up --json` says, as far as benchmarks need it. */
export interface BenchNetwork {
  readonly home: string;
  readonly proxy_url: string;
  readonly api_key: string;
  readonly model: { readonly name: string };
  readonly pids: Readonly<Record<string, number>>;
}

/** Runs `dcml` with the words and gives its JSON. Rejects when it fails. */
export async function runDcml<Result>(words: readonly string[], signal: AbortSignal): Promise<Result> {
  const child = spawn(process.execPath, [launcher, ...words, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`dcml ${words.join(' ')} ended with ${String(code)}`);
  return JSON.parse(text) as Result;
}

/** A network of its own processes in a temporary home, for the time of `work`. */
export async function withNetwork<Result>(
  model: string,
  signal: AbortSignal,
  work: (network: BenchNetwork) => Promise<Result>,
): Promise<Result> {
  const home = await mkdtemp(join(tmpdir(), 'dcml-bench-'));
  const argv = [launcher, 'up', '--model', model, '--port', '0', '--home', home, '--json'];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'], signal });
  const closed = once(child, 'close');
  try {
    const early = closed.then(() => Promise.reject(new Error('dcml up ended')));
    const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), early]);
    return await work(JSON.parse(String(line)) as BenchNetwork);
  } finally {
    child.kill('SIGTERM');
    await closed.catch(() => {});
    await rm(home, { recursive: true, force: true });
  }
}
