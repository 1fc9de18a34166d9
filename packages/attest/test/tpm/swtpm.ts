import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const TOOLS = [
  'swtpm',
  'tpm2_createek',
  'tpm2_createak',
  'tpm2_quote',
  'tpm2_pcrextend',
  'tpm2_flushcontext',
  'tpm2_readpublic',
];
const START_MS = 10_000;

const directories = (process.env['PATH'] ?? '').split(delimiter);
const missing = TOOLS.filter((tool) => !directories.some((directory) => existsSync(join(directory, tool))));

/** True where Debian's swtpm and tpm2-tools are installed. */
export const hasSwtpm: boolean = missing.length === 0;
if (!hasSwtpm)
  console.warn(`SKIPPED: no ${missing.join(', ')}; install swtpm and tpm2-tools to test the TPM protocol`);

const run = promisify(execFile);

/** A software TPM that speaks the real protocol, with files of keys and quotes in a directory of its own. */
export interface SoftwareTpm {
  /** Runs one of tpm2-tools in the directory; transient objects are dropped afterwards. */
  readonly tool: (name: string, ...parameters: string[]) => Promise<void>;
  readonly read: (file: string) => Promise<Uint8Array>;
  readonly close: () => Promise<void>;
}

async function waitForSocket(path: string, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(20)) {
    if (child.exitCode !== null) throw new Error(`swtpm ended with ${child.exitCode}`);
    if ((await stat(path).catch(() => undefined))?.isSocket() === true) return;
  }
  throw new Error(`swtpm did not open ${path} within ${START_MS} ms`);
}

/** Starts a new TPM. Throws `Error` if it does not answer. */
export async function startSwtpm(): Promise<SoftwareTpm> {
  const directory = await mkdtemp(join(tmpdir(), 'dcml-tpm-'));
  const socket = join(directory, 'tpm');
  await mkdir(join(directory, 'state'));
  const child = spawn(
    'swtpm',
    [
      'socket',
      '--tpm2',
      '--tpmstate',
      `dir=${join(directory, 'state')}`,
      '--server',
      `type=unixio,path=${socket}`,
      '--ctrl',
      `type=unixio,path=${socket}.ctrl`,
      '--flags',
      'not-need-init,startup-clear',
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all([waitForSocket(socket, child), waitForSocket(`${socket}.ctrl`, child)]);
  } catch (error) {
    await close();
    throw error;
  }
  const environment = { ...process.env, TPM2TOOLS_TCTI: `swtpm:path=${socket}` };
  const call = async (name: string, parameters: readonly string[]): Promise<void> => {
    await run(name, [...parameters], { cwd: directory, env: environment, timeout: START_MS });
  };
  return {
    tool: async (name, ...parameters) => {
      await call(name, parameters);
      // A TPM has room for three objects.
      await call('tpm2_flushcontext', ['-t']);
    },
    read: async (file) => new Uint8Array(await readFile(join(directory, file))),
    close,
  };
}
