import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@dcml/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createNvattestCollector } from '../../src/evidence/nvattest.ts';
import { CHAIN, deviceReport, nvattestOutput } from './device-output.ts';

const never = new AbortController().signal;
const NONCE = new Uint8Array(32).fill(0x4e);
const CANARY = 'canary-5e1f-from-the-environment';

let directory: string;
let program: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcml-nvattest-'));
  program = join(directory, 'nvattest');
  vi.stubEnv('DCML_TEST_SECRET', CANARY);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

/** A program in the place of NVIDIA's. */
async function fake(script: string): Promise<void> {
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
}

async function fakeOutput(output: string): Promise<void> {
  await writeFile(join(directory, 'output'), output);
  await fake(`cat ${directory}/output`);
}

const collect = (change: { switches?: boolean; deadlineMs?: number } = {}, signal = never) =>
  createNvattestCollector({ program, switches: false, deadlineMs: 10_000, ...change })(NONCE, signal);

async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 'ENCLAVE_PLATFORM' });
  const shown = JSON.stringify(error) + String(error);
  expect(shown).not.toContain(CANARY);
  expect(shown).not.toContain(directory);
  return shown;
}

/** Whether a process is there and no zombie. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8');
    return !/\) [ZX] /.test(status);
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  while (await isRunning(pid)) await new Promise((resolve) => setImmediate(resolve));
}

async function untilThere(path: string): Promise<void> {
  for (;;) {
    try {
      await access(path);
      if ((await readFile(path, 'utf8')).endsWith('\n')) return;
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('nvattest', () => {
  it('gives report and chain of every device, and asks with the nonce and nothing else', async () => {
    await writeFile(join(directory, 'output'), nvattestOutput(NONCE, 2));
    await fake(`echo "$@" > ${directory}/asked; env | sort > ${directory}/env; cat ${directory}/output`);
    expect(await collect()).toEqual([
      { role: 'gpu', report: deviceReport(NONCE, 0), certificateChainPem: CHAIN },
      { role: 'gpu', report: deviceReport(NONCE, 1), certificateChainPem: CHAIN },
    ]);
    const asked = await readFile(join(directory, 'asked'), 'utf8');
    expect(asked).toBe(`--format json collect-evidence --device gpu --nonce ${toHex(NONCE)}\n`);
    const names = (await readFile(join(directory, 'env'), 'utf8'))
      .split('\n')
      .map((line) => line.split('=')[0]);
    // The shell adds PWD, OLDPWD, SHLVL and _ of its own.
    expect(names.filter((name) => !['', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name!))).toEqual([
      'LANG',
      'PATH',
    ]);
  });

  it('asks for switches when it should', async () => {
    await writeFile(join(directory, 'output'), nvattestOutput(NONCE, 1));
    await fake(`echo "$5" >> ${directory}/asked; cat ${directory}/output`);
    expect((await collect({ switches: true })).map((device) => device.role)).toEqual(['gpu', 'switch']);
    expect(await readFile(join(directory, 'asked'), 'utf8')).toBe('gpu\nnvswitch\n');
  });

  it('refuses what is no evidence over the nonce: ENCLAVE_PLATFORM', async () => {
    const other = new Uint8Array(32).fill(1);
    for (const output of [
      '',
      CANARY,
      '[]',
      '{"evidences":[]}',
      nvattestOutput(NONCE, 0),
      nvattestOutput(NONCE, 65),
      nvattestOutput(other, 1),
      nvattestOutput(NONCE, 1, { evidence: 'AAAA' }),
      nvattestOutput(NONCE, 1, { evidence: '~' }),
      nvattestOutput(NONCE, 1, { evidence: 5 }),
      nvattestOutput(NONCE, 1, { certificate: 'AAAA' }),
      nvattestOutput(NONCE, 1, { certificate: '/////w==' }),
      nvattestOutput(NONCE, 1).replace('"result_code":0', '"result_code":7'),
      nvattestOutput(NONCE, 1).replace('"result_code":0', '"result_code":"0"'),
    ]) {
      await fakeOutput(output);
      await failure(collect());
    }
  });

  it('refuses a program that fails, is missing or is none', async () => {
    await fake(`echo ${CANARY} >&2; cat ${directory}/none`);
    await failure(collect());
    await writeFile(join(directory, 'output'), nvattestOutput(NONCE, 1));
    await fake(`cat ${directory}/output; exit 3`);
    await failure(collect());
    await rm(program);
    await failure(collect());
    await writeFile(program, 'x');
    await failure(collect());
  });

  it('takes no nonce of another length', async () => {
    const short = NONCE.subarray(0, 16);
    await fakeOutput(nvattestOutput(short, 1));
    const ask = createNvattestCollector({ program, switches: false, deadlineMs: 10_000 });
    await failure(ask(short, never));
  });

  it('ends a program that never stops talking', async () => {
    await fake(`echo $$ > ${directory}/pid; exec yes`);
    await failure(collect());
    await untilGone(Number(await readFile(join(directory, 'pid'), 'utf8')));
  });

  it('kills the program and what it started at the deadline', async () => {
    await fake(`sleep 300 & echo $! > ${directory}/grandchild; wait`);
    expect(await failure(collect({ deadlineMs: 300 }))).toContain('300 ms');
    await untilThere(join(directory, 'grandchild'));
    await untilGone(Number(await readFile(join(directory, 'grandchild'), 'utf8')));
  });

  it('kills the program when it is cancelled', async () => {
    await fake(`echo $$ > ${directory}/pid; exec sleep 300`);
    const controller = new AbortController();
    const failed = failure(collect({}, controller.signal));
    await untilThere(join(directory, 'pid'));
    controller.abort(new Error(CANARY));
    expect(await failed).toContain('cancelled');
    await untilGone(Number(await readFile(join(directory, 'pid'), 'utf8')));
    await failure(collect({}, AbortSignal.abort()));
  });

  it('leaves nothing running behind a program that ended', async () => {
    await writeFile(join(directory, 'output'), nvattestOutput(NONCE, 1));
    // It even keeps the output open.
    await fake(`sleep 300 & echo $! > ${directory}/left; cat ${directory}/output`);
    await collect();
    await untilGone(Number(await readFile(join(directory, 'left'), 'utf8')));
  });
});
