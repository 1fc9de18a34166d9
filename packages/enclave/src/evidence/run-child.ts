import { spawn } from 'node:child_process';

export interface ChildRun {
  readonly file: string;
  readonly args: readonly string[];
  /** The child's whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** More output than this ends the child. */
  readonly limitBytes: number;
}

/**
 * Runs a program to its end and gives its standard output. Its standard error is thrown away: it may say anything.
 * When the signal aborts or the output is too long, the child and all that it started are killed. Rejects on that,
 * and on a program that cannot be started or ends with a code other than 0.
 */
export function runChild(run: ChildRun, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    // Its own process group, so that what it starts can be killed with it.
    const child = spawn(run.file, run.args, {
      env: run.env,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    const kill = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group is gone already.
      }
    };
    const abort = (): void => {
      kill();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    const parts: Buffer[] = [];
    let length = 0;
    child.stdout.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= run.limitBytes) {
        parts.push(part);
        return;
      }
      kill();
      reject(new Error(`more than ${run.limitBytes} bytes of output`));
    });
    child.once('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
    // What it left running in its group must not outlive it, nor hold its output open.
    child.once('exit', kill);
    child.once('close', (code) => {
      signal.removeEventListener('abort', abort);
      if (code !== 0) reject(new Error(`exit code ${code}`));
      else resolve(Buffer.concat(parts).toString('utf8'));
    });
  });
}
