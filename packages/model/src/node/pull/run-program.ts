import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** Exit status; null when the program could not be started or was killed. */
  readonly status: number | null;
  /** The last line that it wrote to standard error, or why it did not start. */
  readonly lastLine: string;
}

/** Runs a program without a shell and without input. Never throws but for the signal's reason. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs: number },
) => Promise<ProgramResult>;

const MAX_LINE = 300;

export const runProgram: RunProgram = async (program, args, { signal, timeoutMs }) => {
  signal?.throwIfAborted();
  const result = await new Promise<ProgramResult>((resolve) => {
    let tail = '';
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
    const lastLine = (): string => tail.trim().split('\n').at(-1)?.slice(0, MAX_LINE) ?? '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-4096);
    });
    child.on('error', (error) => resolve({ status: null, lastLine: error.message.slice(0, MAX_LINE) }));
    child.on('close', (status) =>
      resolve({ status, lastLine: status === null ? `stopped after at most ${timeoutMs} ms` : lastLine() }),
    );
  });
  signal?.throwIfAborted();
  return result;
};
