import { expect, it } from 'vitest';
import { runProgram } from '../src/node/pull/run-program.ts';

const node = (script: string, timeoutMs = 20_000, signal?: AbortSignal): ReturnType<typeof runProgram> =>
  runProgram(process.execPath, ['-e', script], { timeoutMs, signal });

it('gives the status and the last line of standard error', async () => {
  expect(await node('console.log("out"); console.error("one\\ntwo"); process.exit(3)')).toEqual({
    status: 3,
    lastLine: 'two',
  });
  expect((await node('')).status).toBe(0);
});

it('says that a program is missing', async () => {
  const result = await runProgram('no-such-program-here', [], { timeoutMs: 1000 });
  expect(result).toEqual({ status: null, lastLine: expect.stringContaining('ENOENT') });
});

it('stops a program that takes too long', async () => {
  expect(await node('setInterval(() => {}, 1000)', 100)).toEqual({
    status: null,
    lastLine: expect.stringContaining('100 ms'),
  });
});

it('stops a program at the signal', async () => {
  const abort = new AbortController();
  const running = node('setInterval(() => {}, 1000)', 20_000, abort.signal);
  abort.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
});
