import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// The launcher as it is installed (bin/dcml.js beside main.js), under a Node that says that it is old.

const source = join(import.meta.dirname, '../bin/dcml.js');
const watcher = join(import.meta.dirname, '../src/program/watch-launcher.ts');
const pretendOld = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.19.0'})`;

let directory: string;
let launcher: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dcml-launcher-'));
  launcher = join(directory, 'bin', 'dcml.js');
  mkdirSync(join(directory, 'bin'));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  cpSync(source, launcher);
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function installNode(): void {
  mkdirSync(join(directory, 'node_modules', 'node', 'bin'), { recursive: true });
  symlinkSync(process.execPath, join(directory, 'node_modules', 'node', 'bin', 'node'));
}

function start(program: string, ...args: string[]): ChildProcess {
  writeFileSync(join(directory, 'main.js'), program);
  return spawn(process.execPath, ['--import', pretendOld, launcher, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = (await once(child.stdout!.setEncoding('utf8'), 'data')) as [string];
  return line.trim();
}

const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

describe('the launcher under an old Node', () => {
  it('starts the program again with the Node that npm installed: arguments and exit code pass', async () => {
    installNode();
    const child = start(
      `console.log(process.argv.slice(2).join(), process.versions.node); process.exit(5);`,
      'a',
      '--b',
    );
    expect(await firstLine(child)).toBe(`a,--b ${process.versions.node}`);
    expect(await once(child, 'exit')).toEqual([5, null]);
  });

  it('passes signals on', async () => {
    installNode();
    const child = start(
      `process.on('SIGTERM', () => process.exit(7)); console.log('ready'); setInterval(() => {}, 1000);`,
    );
    await firstLine(child);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([7, null]);
  });

  it('ends as the program ends, by a signal too', async () => {
    installNode();
    const child = start(`process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);`);
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });

  it('takes the program along when it is killed', async () => {
    installNode();
    const child = start(
      `import { watchLauncher } from ${JSON.stringify(watcher)};
       watchLauncher(process.env, () => process.exit(0));
       console.log(process.pid);
       setInterval(() => {}, 1000);`,
    );
    const pid = Number(await firstLine(child));
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    const deadline = performance.now() + 10_000;
    while (isAlive(pid) && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isAlive(pid)).toBe(false);
  });

  it('says what to do when no newer Node is there', async () => {
    const child = start('');
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(stderr).toMatch(/^dcml: Node 20\.19\.0 is too old .*npm install --save-dev node@24\n$/);
  });
});

it('stops in order when the reader of its output goes away', async () => {
  const program = join(import.meta.dirname, '../src/program');
  writeFileSync(
    join(directory, 'main.js'),
    `import { runProcess } from ${JSON.stringify(join(program, 'run-process.ts'))};
     import { runService } from ${JSON.stringify(join(program, 'run-service.ts'))};
     const ready = { padding: 'x'.repeat(1 << 20) };
     const close = async () => void process.stderr.write('closed in order');
     const run = (context) => runService(context, async () => ({ ready, text: '', close }));
     await runProcess([{ name: 'serve', summary: '', usage: '', arity: [0, 0], options: {}, examples: [], run }]);`,
  );
  const child = spawn(process.execPath, [launcher, 'serve', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(stderr).toBe('closed in order');
});

it('hides the type-stripping warning and no other', async () => {
  writeFileSync(
    join(directory, 'main.js'),
    `process.emitWarning('Type Stripping is an experimental feature and might change', 'ExperimentalWarning');
     process.emitWarning('something else');`,
  );
  const child = spawn(process.execPath, [launcher], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await once(child, 'close');
  expect(stderr).toContain('something else');
  expect(stderr).not.toContain('Type Stripping');
});
