import { commands } from '../src/commands/index.ts';
import type { Command } from '../src/program/command.ts';
import { runProgram } from '../src/program/run-program.ts';

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
  readonly signal?: AbortSignal;
  /** Instead of the real ones. */
  readonly commands?: readonly Command[];
}

/** Runs one command line in this process and collects what it prints. */
export async function runCli(words: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  let stdout = '';
  let stderr = '';
  const isTTY = options.isTerminal === true;
  const code = await runProgram(words, {
    stdout: { isTTY, write: (text) => (stdout += text) },
    stderr: { isTTY, write: (text) => (stderr += text) },
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
    commands: options.commands ?? commands,
    version: '0.0.0-test',
  });
  return { code, stdout, stderr };
}
