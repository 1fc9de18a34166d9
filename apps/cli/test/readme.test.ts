import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand } from '../../../scripts/run-command.ts';

// Executes what README.md tells a newcomer, in a home of its own and with the tiny model. The blocks are marked in the
// README: `install` (CI installs before it tests), `background`, `run`.

const root = join(import.meta.dirname, '../../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

interface Block {
  readonly language: string;
  readonly kind: string;
  readonly text: string;
}

const blocks: readonly Block[] = [...readme.matchAll(/^```(\w+)(?: (\w+))?\n([\s\S]*?)^```$/gm)].map(
  (match) => ({
    language: match[1] ?? '',
    kind: match[2] ?? '',
    text: match[3] ?? '',
  }),
);

let home: string;
let port: number;
let env: Record<string, string>;
let network: ChildProcess;
let printed: string;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The port of the README is taken by whoever runs dcml on this machine; a newcomer's other model is not tiny. */
const adapt = (text: string): string =>
  text.replaceAll('7878', String(port)).replaceAll('"smollm2-135m"', '"tiny"');

/** One shell for the whole page: what it exports, later commands see. */
const exported: string[] = [];
const shell = (command: string): Promise<CommandResult> =>
  runCommand(['bash', '-c', [...exported, adapt(command)].join('\n')], {
    cwd: home,
    env,
    timeoutMs: 120_000,
  });

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'dcml-readme-'));
  port = await freePort();
  for (const name of ['node_modules', 'models', 'package.json', 'packages', 'apps']) {
    symlinkSync(join(root, name), join(home, name));
  }
  env = {
    HOME: home,
    XDG_DATA_HOME: '',
    XDG_CACHE_HOME: '',
    DCML_HOME: '',
    DCML_PORT: String(port),
    DCML_MODEL: 'tiny',
    NO_COLOR: '1',
  };
});

afterAll(() => {
  if (network?.exitCode === null) network.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

function startNetwork(command: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const path = [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
  const [program = '', ...args] = command.trim().split(' ');
  network = spawn(program, args, { cwd: root, env: { ...process.env, PATH: path, ...env } });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
    if (output.includes('dcml is up')) resolve(output);
  };
  network.stdout?.on('data', collect);
  network.stderr?.on('data', collect);
  network.on('exit', (code) => reject(new Error(`it ended with ${code}:\n${output}`)));
  return promise;
}

describe('README.md', () => {
  it('marks every block of commands', () => {
    expect(blocks.filter((block) => !['install', 'background', 'run'].includes(block.kind))).toEqual([]);
    expect(blocks.find((block) => block.kind === 'install')?.text).toBe('npm install\n');
  });

  it('starts the network', async () => {
    const command = blocks.find((block) => block.kind === 'background')?.text ?? '';
    printed = await startNetwork(command);
    expect(printed).toContain(`http://127.0.0.1:${port}/v1`);
  });

  it('prints a curl line that works', async () => {
    const [curl = ''] = /curl [\s\S]*?-d '[^']*'/.exec(printed) ?? [];
    const { stdout, output } = await shell(curl);
    expect(stdout, output).toContain('"choices":[');
  });

  for (const { language, kind, text } of blocks) {
    if (kind !== 'run') continue;
    if (language === 'js') {
      it('runs the JavaScript example', async () => {
        writeFileSync(join(home, 'example.mjs'), adapt(text).replaceAll(`'smollm2-135m'`, `'tiny'`));
        const { code, output } = await shell('node example.mjs');
        expect(output).not.toBe('');
        expect(code, output).toBe(0);
      });
      continue;
    }
    for (const command of text.trim().split('\n')) {
      it(command.slice(0, 80), async () => {
        const { code, output, stdout } = await shell(command);
        expect(code, output).toBe(0);
        if (command.startsWith('export ')) exported.push(adapt(command));
        else expect(stdout).not.toBe('');
        expect(stdout).not.toContain('"error":{');
      });
    }
  }
});
