import { spawn } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';

/** The repository's root directory. */
export const repositoryRoot: string = resolve(import.meta.dirname, '..');

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Kills the command after this time. */
  readonly timeoutMs?: number;
  /** Receives output as it comes; without it output is only collected. */
  readonly onOutput?: (text: string) => void;
}

export interface CommandResult {
  /** 127 when the program does not exist, 124 after the timeout, 1 after any other signal. */
  readonly code: number;
  readonly stdout: string;
  /** Standard output and error in the order of their arrival. */
  readonly output: string;
}

const toolsPath = [join(repositoryRoot, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);

/** Runs a program of node_modules/.bin, or any other, and resolves with how it ended; it never rejects. */
export function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { promise, resolve: settle } = Promise.withResolvers<CommandResult>();
  const [program, ...args] = argv;
  const child = spawn(program ?? '', args, {
    cwd: options.cwd ?? repositoryRoot,
    env: { ...process.env, PATH: toolsPath, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let output = '';
  let timedOut = false;
  const collect = (text: string): void => {
    output += text;
    options.onOutput?.(text);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    collect(text);
  });
  child.stderr.setEncoding('utf8').on('data', collect);
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, options.timeoutMs ?? 900_000);
  child.on('error', (error) => {
    clearTimeout(timer);
    settle({ code: 127, stdout, output: `${output}${error.message}\n` });
  });
  child.on('close', (code) => {
    clearTimeout(timer);
    settle({ code: timedOut ? 124 : (code ?? 1), stdout, output });
  });
  return promise;
}
