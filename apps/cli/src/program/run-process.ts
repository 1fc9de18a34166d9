import packageJson from '../../package.json' with { type: 'json' };
import type { Command } from './command.ts';
import { runProgram } from './run-program.ts';
import { watchLauncher } from './watch-launcher.ts';

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Runs the process' command line: signals abort it, its result becomes the exit code. */
export async function runProcess(commands: readonly Command[]): Promise<void> {
  const controller = new AbortController();
  let interrupted: number | undefined;
  let firstSignalAt = 0;
  const stop = (signal: keyof typeof exitCodes): void => {
    const now = performance.now();
    // The first signal stops in order; one more, a second later or after, stops at once. A terminal and a
    // launcher may both deliver the first.
    if (interrupted !== undefined && now - firstSignalAt > 1000) process.exit(interrupted);
    firstSignalAt = interrupted === undefined ? now : firstSignalAt;
    interrupted ??= exitCodes[signal];
    controller.abort(new DOMException(`stopped by ${signal}`, 'AbortError'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  // A reader that went away (dcml … | head) is no error, but nobody wants the rest: stop in order.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    interrupted ??= error.code === 'EPIPE' ? 0 : 1;
    controller.abort(new DOMException('standard output closed', 'AbortError'));
  });
  process.stderr.on('error', () => {});
  watchLauncher(process.env, () => stop('SIGTERM'));
  const code = await runProgram(process.argv.slice(2), {
    commands,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: controller.signal,
    version: packageJson.version,
  });
  process.exitCode = code === 1 && interrupted !== undefined ? interrupted : code;
  // Everything is closed by now; a handle that a library forgot must not keep a finished command alive.
  setTimeout(() => process.exit(), 3000).unref();
}
