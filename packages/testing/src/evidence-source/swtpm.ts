import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlatformFault } from './evidence-source-conformance.ts';

/** Whether Debian's swtpm is installed. Suites without it skip, and say so. */
export function isSwtpmInstalled(): boolean {
  const found = spawnSync('swtpm', ['--version']).status === 0;
  if (!found)
    console.warn('SKIPPED: swtpm is not installed, TPM commands are not tested (apt-get install swtpm)');
  return found;
}

export interface Swtpm {
  /** Speaks plain TPM commands; any number of connections. */
  readonly socketPath: string;
  readonly directory: string;
  setFault(fault: PlatformFault): void;
  close(): Promise<void>;
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

/** swtpm listens some time after its start, and says so nowhere: its control socket is the last thing that it opens. */
async function connectWhenUp(child: ChildProcess, path: string): Promise<Socket> {
  const until = performance.now() + 10_000;
  for (;;) {
    try {
      return await connected(path);
    } catch (error) {
      if (child.exitCode !== null || performance.now() > until) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** Sends one command and waits for the whole answer. */
function ask(upstream: Socket, command: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const onData = (part: Buffer): void => {
      answer = Buffer.concat([answer, part]);
      if (answer.length < 6 || answer.length < answer.readUInt32BE(2)) return;
      upstream.off('data', onData).off('close', onClose);
      resolve(answer);
    };
    const onClose = (): void => reject(new Error('swtpm is gone'));
    upstream.on('data', onData).once('close', onClose);
    upstream.write(command);
  });
}

/**
 * Starts swtpm with an empty state, and a socket in front of it that can fail on demand: swtpm itself serves one
 * connection at a time. `malformed` answers `canary` in the place of the TPM.
 */
export async function startSwtpm(canary: string): Promise<Swtpm> {
  const directory = await mkdtemp(join(tmpdir(), 'dcml-swtpm-'));
  const inner = join(directory, 'inner.sock');
  const child = spawn(
    'swtpm',
    [
      'socket',
      '--tpm2',
      // It ends with its one connection, and so with us.
      '--terminate',
      ...['--tpmstate', `dir=${directory}`],
      ...['--server', `type=unixio,path=${inner}`],
      ...['--ctrl', `type=unixio,path=${join(directory, 'control.sock')}`],
      ...['--flags', 'not-need-init,startup-clear'],
    ],
    { stdio: 'ignore' },
  );
  const upstream = await connectWhenUp(child, inner);
  upstream.on('error', () => {});
  let fault: PlatformFault = 'none';
  let last: Promise<unknown> = Promise.resolve();
  const clients = new Set<Socket>();
  const serve = (client: Socket, command: Buffer): void => {
    if (fault === 'silent') return;
    if (fault === 'gone') client.destroy();
    else if (fault === 'malformed') client.write(canary);
    else {
      last = last
        .then(() => ask(upstream, command))
        .then((answer) => client.write(answer))
        .catch(() => client.destroy());
    }
  };
  const server = createServer((client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client)).on('error', () => {});
    client.on('data', (command: Buffer) => serve(client, command));
  });
  const socketPath = join(directory, 'tpm.sock');
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    socketPath,
    directory,
    setFault: (next) => {
      fault = next;
    },
    close: async () => {
      for (const client of clients) client.destroy();
      server.close();
      upstream.destroy();
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
