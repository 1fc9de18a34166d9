import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startChild } from '../src/network/child.ts';
import { choosePorts } from '../src/network/choose-ports.ts';
import { isHomeLocked, lockHome } from '../src/network/home-lock.ts';
import { networkPaths } from '../src/network/network-paths.ts';
import { type NetworkInfo, readRunFile, removeRunFile, writeRunFile } from '../src/network/run-file.ts';
import { ServiceStack } from '../src/network/service-stack.ts';
import { findNetwork, stopNetwork } from '../src/network/stop-network.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dcml-net-'));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

const idle = new AbortController().signal;
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A zombie still has its pid: it is dead all the same.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

async function untilGone(pid: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (isAlive(pid)) {
    if (performance.now() > deadline) throw new Error(`process ${pid} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function child(script: string, options: { readyTimeoutMs?: number; signal?: AbortSignal } = {}) {
  return startChild({
    name: 'probe',
    argv: [process.execPath, '-e', script],
    logFile: join(home, 'logs', 'probe.log'),
    readyTimeoutMs: options.readyTimeoutMs ?? 20_000,
    signal: options.signal ?? idle,
  });
}

const untilStdinCloses = `process.stdin.on('close', () => process.exit(0)).resume();`;

describe('a child process', () => {
  it('is ready with its first JSON line; the rest goes to its log', async () => {
    const started = await child(
      `console.error('warming up'); console.log('no json'); process.on('SIGTERM', () => process.exit(console.log('more'))); console.log('{"port":1}'); ${untilStdinCloses}`,
    );
    expect(started.ready).toEqual({ port: 1 });
    await started.stop(1000);
    expect(isAlive(started.pid)).toBe(false);
    const log = readFileSync(join(home, 'logs', 'probe.log'), 'utf8');
    for (const line of ['warming up', 'no json', 'more']) expect(log).toContain(line);
  });

  it('NETWORK_CHILD_DIED: names itself, its own error and its log when it ends before it is ready', async () => {
    const error = JSON.stringify({ error: { code: 'ENCLAVE_CONFIG', message: 'no such socket' } });
    await expect(child(`console.error(${JSON.stringify(error)}); process.exit(3)`)).rejects.toMatchObject({
      code: 'NETWORK_CHILD_DIED',
      message: expect.stringMatching(
        /^probe ended with code 3: no such socket \[ENCLAVE_CONFIG\] \(log: .*probe\.log\)$/,
      ),
    });
  });

  it('NETWORK_CHILD_DIED: is told when it is killed later, and not when it is stopped', async () => {
    const started = await child(`console.log('{}'); ${untilStdinCloses}`);
    process.kill(started.pid, 'SIGKILL');
    await expect(started.died).rejects.toMatchObject({ code: 'NETWORK_CHILD_DIED' });

    const stopped = await child(`console.log('{}'); ${untilStdinCloses}`);
    let died = false;
    stopped.died.catch(() => (died = true));
    await stopped.stop(1000);
    expect(died).toBe(false);
  });

  it('NETWORK_CHILD_SLOW: is killed when it is not ready in time', async () => {
    await expect(child('setInterval(() => {}, 1000)', { readyTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'NETWORK_CHILD_SLOW',
    });
  });

  it('is killed when it ignores the request to stop', async () => {
    const started = await child(
      `process.on('SIGTERM', () => {}); console.log('{}'); setInterval(() => {}, 1000)`,
    );
    await started.stop(100);
    expect(isAlive(started.pid)).toBe(false);
  });

  it('gives up when the signal aborts', async () => {
    const controller = new AbortController();
    const pending = child('setInterval(() => {}, 1000)', { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
  });

  it('ends with its parent, even when the parent is killed', async () => {
    const file = join(home, 'parent.ts');
    const source = join(import.meta.dirname, '../src/network/child.ts');
    writeFileSync(
      file,
      `import { startChild } from ${JSON.stringify(source)};
       const child = await startChild({ name: 'probe', argv: [process.execPath, '-e', ${JSON.stringify(
         `console.log('{}'); ${untilStdinCloses}`,
       )}], logFile: ${JSON.stringify(join(home, 'probe.log'))}, readyTimeoutMs: 20000, signal: new AbortController().signal });
       console.log(child.pid);`,
    );
    const parent = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
    const pid = Number(line);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await untilGone(pid);
  });
});

describe('the lock of a home', () => {
  it('NETWORK_HOME_BUSY: one network at a time', () => {
    const lock = lockHome(home);
    expect(isHomeLocked(home)).toBe(true);
    expect(() => lockHome(home)).toThrow(expect.objectContaining({ code: 'NETWORK_HOME_BUSY' }));
    lock.release();
    expect(isHomeLocked(home)).toBe(false);
  });

  it('ends with a process that is killed', async () => {
    const source = join(import.meta.dirname, '../src/network/home-lock.ts');
    const file = join(home, 'holder.ts');
    writeFileSync(
      file,
      `import { lockHome } from ${JSON.stringify(source)}; lockHome(${JSON.stringify(home)}); console.log('held'); ${untilStdinCloses}`,
    );
    const holder = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    expect(isHomeLocked(home)).toBe(true);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(isHomeLocked(home)).toBe(false);
  });

  it('NETWORK_HOME_UNUSABLE: a file in the place of the directory', () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    expect(() => lockHome(file)).toThrow(expect.objectContaining({ code: 'NETWORK_HOME_UNUSABLE' }));
  });
});

describe('ports', () => {
  it('NETWORK_PORT_TAKEN: names the port and the option', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(choosePorts(home, { proxy: port })).rejects.toMatchObject({
      code: 'NETWORK_PORT_TAKEN',
      message: `port ${port} on 127.0.0.1 cannot be used; choose another with --port`,
    });
    server.close();
  });

  it('chooses different free ports and keeps them for the next run', async () => {
    const first = await choosePorts(home, {});
    expect(new Set(Object.values(first)).size).toBe(5);
    expect(await choosePorts(home, {})).toEqual(first);
  });

  it('chooses another when the last one is taken now', async () => {
    const first = await choosePorts(home, {});
    const server = createServer().listen(first.chain, '127.0.0.1');
    await once(server, 'listening');
    const second = await choosePorts(home, {});
    expect(second.chain).not.toBe(first.chain);
    expect(second.host).toBe(first.host);
    server.close();
  });
});

describe('the service stack', () => {
  it('stops newest first, once, all of them, and reports the failure', async () => {
    const order: string[] = [];
    const stack = new ServiceStack();
    stack.add(async () => void order.push('chain'));
    stack.add(() => {
      order.push('host');
      return Promise.reject(new Error('host did not stop'));
    });
    stack.add(async () => void order.push('enclave'));
    await expect(stack.stop()).rejects.toThrow('host did not stop');
    await expect(stack.stop()).rejects.toThrow('host did not stop');
    expect(order).toEqual(['enclave', 'host', 'chain']);
  });

  it('closes what was started while it stopped', async () => {
    const order: string[] = [];
    const stack = new ServiceStack();
    stack.add(async () => {
      expect(stack.signal.aborted).toBe(true);
      stack.add(async () => void order.push('late'));
      order.push('early');
    });
    await stack.stop();
    await stack.stop();
    expect(order).toEqual(['early', 'late']);
  });

  it('does not wait for a task whose service died', async () => {
    const stack = new ServiceStack();
    const death = Promise.withResolvers<never>();
    stack.add(async () => {}, death.promise);
    const task = stack.whileAlive(new Promise(() => {}));
    death.reject(new Error('gone'));
    await expect(task).rejects.toThrow('gone');
  });
});

const info: NetworkInfo = {
  pid: process.pid,
  home: '/home',
  proxyUrl: 'http://127.0.0.1:1/v1',
  apiKey: 'dcml-key',
  chainRpc: 'http://127.0.0.1:2',
  chainId: 31337,
  hostUrl: 'http://127.0.0.1:3',
  contracts: {
    registry: `0x${'11'.repeat(20)}` as NetworkInfo['contracts']['registry'],
    channels: `0x${'22'.repeat(20)}` as NetworkInfo['contracts']['channels'],
  },
  model: { name: 'tiny', hash: `0x${'33'.repeat(32)}` as NetworkInfo['model']['hash'] },
  verdict: 'pass',
  simulated: true,
  pids: { chain: 1, host: 2, enclave: 3, proxy: 4 },
};

describe('run.json', () => {
  it('is read as it was written, by the owner only', () => {
    const { runFile } = networkPaths(home);
    writeRunFile(runFile, info);
    expect(readRunFile(runFile)).toEqual(info);
    removeRunFile(runFile);
    expect(readRunFile(runFile)).toBeUndefined();
  });

  it('NETWORK_HOME_UNUSABLE: a damaged one is no network', () => {
    const { runFile } = networkPaths(home);
    writeRunFile(runFile, info);
    const text = readFileSync(runFile, 'utf8');
    for (const damaged of ['', '{', text.slice(0, -3), text.replace('"pid"', '"pod"')]) {
      writeFileSync(runFile, damaged);
      expect(() => readRunFile(runFile)).toThrow(expect.objectContaining({ code: 'NETWORK_HOME_UNUSABLE' }));
    }
  });

  it('does not count when a killed supervisor left it', async () => {
    writeRunFile(networkPaths(home).runFile, info);
    expect(findNetwork(home)).toBeUndefined();
    expect(await stopNetwork(home, { timeoutMs: 1000, signal: idle })).toBeUndefined();
    const lock = lockHome(home);
    expect(findNetwork(home)).toEqual(info);
    lock.release();
  });
});

describe('paths', () => {
  it('keeps sockets short, wherever the home is', () => {
    const deep = join(home, 'x'.repeat(120));
    mkdirSync(deep);
    expect(networkPaths(home).socketDirectory).toBe(join(home, 'run'));
    expect(networkPaths(deep).socketDirectory.length).toBeLessThan(80);
    expect(networkPaths(deep).socketDirectory).not.toBe(networkPaths(`${deep}y`).socketDirectory);
  });
});
