import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliRun, runCli } from './run-cli.ts';

// The whole network as a user starts it, with the tiny model; each part dies once.

const launcher = join(import.meta.dirname, '../bin/dcml.js');
let home: string;
let receiptFile: string;
let policyFile: string;

interface Info {
  readonly pid: number;
  readonly proxy_url: string;
  readonly verdict: string;
  readonly simulated: boolean;
  readonly model: { readonly name: string; readonly hash: string };
  readonly pids: Readonly<Record<string, number>>;
}

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

class Up {
  readonly ready: Promise<Info>;
  readonly ended: Promise<Ended>;
  readonly #child;

  constructor(args: readonly string[]) {
    const argv = [launcher, 'up', '--model', 'tiny', '--json', ...args];
    this.#child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    this.ended = once(this.#child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
    const line = once(createInterface(this.#child.stdout), 'line');
    const early = this.ended.then(({ stderr: why }) => Promise.reject(new Error(`up ended: ${why}`)));
    early.catch(() => {});
    this.ready = Promise.race([line, early]).then(([text]) => JSON.parse(text as string) as Info);
    this.ready.catch(() => {});
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

const started: Up[] = [];
function up(...args: string[]): Up {
  const one = new Up(args);
  started.push(one);
  return one;
}

const cli = (...words: string[]): Promise<CliRun> => runCli([...words, '--home', home, '--json']);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function untilGone(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (pids.some(isAlive)) {
    if (performance.now() > deadline) throw new Error(`still there: ${pids.filter(isAlive).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function ask(): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await cli(
    'chat',
    'What is a prime number?',
    '--max-tokens',
    '24',
    '--receipt',
    receiptFile,
  );
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'dcml-up-'));
  receiptFile = join(home, 'receipt.json');
  policyFile = join(home, 'policy.json');
});
afterAll(async () => {
  for (const one of started) one.kill('SIGKILL');
  await Promise.all(started.map((one) => one.ended));
  rmSync(home, { recursive: true, force: true });
});

describe('first run: everything works, then the enclave is killed', () => {
  let network: Up;
  let info: Info;

  it('prints one line when it is ready', async () => {
    network = up('--home', home, '--port', '0');
    info = await network.ready;
    expect(info).toMatchObject({ verdict: 'pass', simulated: true, model: { name: 'tiny' } });
    expect(Object.keys(info.pids)).toEqual(['chain', 'host', 'enclave', 'proxy']);
    expect(Object.values(info.pids).every(isAlive)).toBe(true);
  });

  it('NETWORK_HOME_BUSY: one network in one home', async () => {
    const { code, stderr } = await up('--home', home, '--port', '0').ended;
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'NETWORK_HOME_BUSY' } });
  });

  it('NETWORK_PORT_TAKEN: names the port and the option', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { code, stderr } = await up('--home', join(home, 'other'), '--port', String(port)).ended;
    server.close();
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'NETWORK_PORT_TAKEN', details: { port, option: '--port' } },
    });
  });

  it('status shows where it is', async () => {
    const { code, stdout } = await cli('status');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ running: true, pid: info.pid, proxy_url: info.proxy_url });
  });

  it('answers, paid and with a receipt', async () => {
    const answer = await ask();
    expect(answer).toMatchObject({ verdict: 'pass', simulated: true, model: info.model.hash });
    expect(answer['text']).not.toBe('');
    expect(Number(answer['completion_tokens'])).toBeGreaterThan(0);
    expect(BigInt(String(answer['charged']))).toBeGreaterThan(0n);
  });

  it('answers nothing that names an unknown model', async () => {
    const hash = `0x${'00'.repeat(32)}`;
    const { code, stderr } = await cli('chat', 'Hello', '--model', hash);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'CLIENT_NO_OFFER' } });
  });

  it('CLI_REFUSED: says why the enclave refused', async () => {
    const { code, stderr } = await cli('chat', 'word '.repeat(4000));
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'CLI_REFUSED', details: { status: 400 } } });
  });

  it('NETWORK_CHILD_DIED: stops with an error that names the dead part, and leaves no process', async () => {
    process.kill(info.pids['enclave']!, 'SIGKILL');
    const { code, stderr } = await network.ended;
    expect(code).toBe(1);
    const [last = ''] = stderr.trim().split('\n').slice(-1);
    expect(JSON.parse(last)).toMatchObject({
      error: {
        code: 'NETWORK_CHILD_DIED',
        details: { child: 'enclave', log: join(home, 'logs', 'enclave.log') },
      },
    });
    await untilGone(Object.values(info.pids));
    expect((await cli('status')).code).toBe(1);
  });
});

describe('verify, with nothing running', () => {
  const verify = (file: string, ...words: string[]): Promise<CliRun> => cli('verify', file, ...words);

  it('passes under the policy of the home and lists every check', async () => {
    const { code, stdout } = await verify(receiptFile, '--policy', policyFile);
    const verdict = JSON.parse(stdout) as {
      outcome: string;
      simulated: boolean;
      claims: { outcome: string }[];
    };
    expect(code).toBe(0);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(verdict.claims.length).toBeGreaterThan(30);
  });

  it('takes the policy of the home by itself, and says so', async () => {
    const { code, stdout } = await verify(receiptFile);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'pass', simulated: true, policy: policyFile });
  });

  it('refuses simulated evidence under the default policy', async () => {
    const { code, stdout } = await verify(receiptFile, '--policy', 'default');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'fail', simulated: true });
  });

  it('says SIMULATED to people', async () => {
    const { stdout } = await runCli(['verify', receiptFile, '--policy', policyFile]);
    expect(stdout).toMatch(/verdict {2}pass SIMULATED\npolicy {3}.*policy\.json\n$/);
  });

  it('fails as of a time before the exchange', async () => {
    const { code } = await verify(receiptFile, '--policy', policyFile, '--at', '2020-01-01');
    expect(code).toBe(1);
  });

  it('fails on any changed byte', async () => {
    const bytes = readFileSync(receiptFile);
    const damaged = join(home, 'damaged.json');
    for (let i = 0; i < 24; i++) {
      const at = Math.floor(((i + 0.5) / 24) * bytes.length);
      const copy = Buffer.from(bytes);
      copy[at] = copy[at]! ^ 1;
      writeFileSync(damaged, copy);
      expect((await verify(damaged, '--policy', policyFile)).code, `byte ${at}`).not.toBe(0);
    }
    writeFileSync(damaged, bytes.subarray(0, -2));
    expect((await verify(damaged, '--policy', policyFile)).code).toBe(2);
  });

  it.each([
    ['missing.json', 'there is no such file'],
    ['policy.json', 'archive'],
  ])('CLI_INPUT: %s is no receipt', async (name, message) => {
    const { code, stderr } = await verify(join(home, name), '--policy', policyFile);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'CLI_INPUT' } });
    expect(stderr).toContain(message);
  });
});

describe('second run: continues, and stops in order', () => {
  it('keeps addresses and channels, and opens a new channel with the new enclave', async () => {
    const network = up('--home', home, '--port', '0');
    const info = await network.ready;
    await ask();
    const { stdout } = await cli('channel', 'list');
    const { channels } = JSON.parse(stdout) as { channels: { phase: string }[] };
    expect(channels.map((channel) => channel.phase)).toEqual(['lost', 'open']);
    network.kill('SIGTERM');
    const { code, stderr } = await network.ended;
    expect(code, stderr).toBe(0);
    expect(stderr).toBe('');
    await untilGone(Object.values(info.pids));
  });
});

describe('third run: settles what was left, and is killed', () => {
  let network: Up;
  let info: Info;

  it('pays creator and host with the approval that the stopped enclave left', async () => {
    network = up('--home', home, '--port', '0');
    info = await network.ready;
    const list = JSON.parse((await cli('channel', 'list')).stdout) as { channels: { channel_id: string }[] };
    const { code, stdout, stderr } = await cli('channel', 'close', list.channels[1]!.channel_id);
    expect(code, stderr).toBe(0);
    const closed = JSON.parse(stdout) as Record<string, string>;
    expect(closed).toMatchObject({ means: 'approved', phase: 'closed' });
    expect(BigInt(closed['creator']!)).toBeGreaterThan(0n);
    expect(BigInt(closed['host']!)).toBeGreaterThan(0n);
    const sum = BigInt(closed['creator']!) + BigInt(closed['host']!) + BigInt(closed['payer']!);
    expect(sum).toBe(10n ** 16n);
    expect(closed['withdrawn']).toBe(closed['payer']);
  });

  it('starts a close on chain for the channel of the killed enclave', async () => {
    const { code, stdout } = await cli('channel', 'close');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ means: 'started', phase: 'closing' });
  });

  it('leaves no process when the supervisor is killed', async () => {
    network.kill('SIGKILL');
    await network.ended;
    await untilGone(Object.values(info.pids));
    expect((await cli('status')).code).toBe(1);
  });
});
