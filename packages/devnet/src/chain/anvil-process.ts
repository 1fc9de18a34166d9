import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { DevnetError } from '../devnet-error.ts';

const require = createRequire(import.meta.url);

/** The binary from the optional npm package of this platform. Throws `DEVNET_CHAIN_MISSING`. */
function findAnvil(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = `@foundry-rs/anvil-${process.platform}-${arch}`;
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), 'bin/anvil');
  } catch (cause) {
    throw new DevnetError('DEVNET_CHAIN_MISSING', `npm has not installed ${name}`, { cause });
  }
}

/**
 * Runs the command of its arguments and kills it as soon as fd 3 closes. We hold the other end of that pipe, and
 * the kernel closes it however we die, SIGKILL included: no orphan is left. (A process cannot ask for a signal on
 * its parent's death without native code.) The first line of output is the command's process id.
 */
const WATCHDOG = `
"$@" 3<&- &
child=$!
echo "$child"
( read -r _ <&3; kill -9 "$child" 2>/dev/null ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
`;

export interface AnvilProcess {
  /** Of anvil itself, not of the watchdog. */
  readonly pid: number;
  readonly url: string;
  /** Settles when the process has ended, for whatever reason. */
  readonly exited: Promise<string>;
  /** Ends it and waits; nothing is lost that was stored before. */
  close(): Promise<void>;
}

async function readStart(stdout: Readable): Promise<{ pid: number; url: string }> {
  const lines = createInterface({ input: stdout });
  let pid = 0;
  try {
    for await (const line of lines) {
      if (pid === 0) pid = Number(line);
      const address = /^Listening on (127\.0\.0\.1:\d+)$/.exec(line.trim())?.[1];
      if (address !== undefined) return { pid, url: `http://${address}` };
    }
  } finally {
    lines.close();
  }
  throw new DevnetError('DEVNET_CHAIN_START', 'the chain ended before it listened');
}

function withDeadline<Value>(task: Promise<Value>, ms: number, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const late = (): void =>
      reject(new DevnetError('DEVNET_CHAIN_START', `the chain is silent after ${ms} ms`));
    const abort = (): void => reject(signal.reason as Error);
    const timer = setTimeout(late, ms);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    task.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    });
  });
}

export interface AnvilOptions {
  readonly chainId: number;
  /** Unix seconds of block 0. */
  readonly genesisTime: number;
  readonly signal: AbortSignal;
}

/** Starts anvil on a free port of 127.0.0.1; it mines only when told. Throws `DEVNET_CHAIN_START`, `DEVNET_CHAIN_MISSING`. */
export async function startAnvil({ chainId, genesisTime, signal }: AnvilOptions): Promise<AnvilProcess> {
  const place = ['--host', '127.0.0.1', '--port', '0', '--threads', '1'];
  // No accounts of its own: keys are ours alone. Blocks only when asked for: the journal decides their times.
  const rules = ['--hardfork', 'osaka', '--accounts', '0', '--no-mining'];
  const genesis = ['--chain-id', String(chainId), '--timestamp', String(genesisTime)];
  const command = ['-c', WATCHDOG, 'watchdog', findAnvil(), ...place, ...rules, ...genesis];
  // An own process group: Ctrl-C in a terminal must reach us first, so that we stop it in order.
  const child = spawn('/bin/sh', command, { stdio: ['ignore', 'pipe', 'ignore', 'pipe'], detached: true });
  const stdout = child.stdio[1] as Readable;
  const lifeline = child.stdio[3] as NodeJS.WritableStream & { destroy(): void; unref?(): void };
  lifeline.on('error', () => undefined);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, killedBy) => resolve(`exit code ${code ?? killedBy}`));
  });
  const close = async (): Promise<void> => {
    lifeline.destroy();
    await exited;
  };
  try {
    const start = await withDeadline(readStart(stdout), 30_000, signal);
    stdout.resume();
    return { ...start, exited, close };
  } catch (error) {
    await close();
    throw error;
  }
}
