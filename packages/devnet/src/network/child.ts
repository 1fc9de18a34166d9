import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { type JsonObject, parseJson } from '@dcml/core';
import { NetworkError } from './network-error.ts';

export interface ChildSpec {
  /** For messages, for example `enclave`. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly readyTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** A process of the network. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** The JSON line with which it said that it is ready. */
  readonly ready: JsonObject;
  /** Rejects with `NETWORK_CHILD_DIED` when it ends without being asked; never resolves. */
  readonly died: Promise<never>;
  /** Asks it to stop (SIGTERM), and forces it after the deadline. Resolves when it is gone. Idempotent. */
  stop(graceMs: number): Promise<void>;
}

/** A child's error line in JSON form, as `--json` prints it. */
function readChildError(line: string): string | undefined {
  try {
    const value = parseJson(line) as { error?: { code?: unknown; message?: unknown } };
    const { code, message } = value.error ?? {};
    return typeof code === 'string' && typeof message === 'string' ? `${message} [${code}]` : undefined;
  } catch {
    return undefined;
  }
}

function openLog(file: string): WriteStream {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const log = createWriteStream(file, { flags: 'a', mode: 0o600 });
  // A full disk must not take the network down through its log.
  log.on('error', () => {});
  return log;
}

/**
 * Starts a process that says it is ready with one JSON line on standard output; all else that it prints goes
 * to its log file. It runs in a group of its own, so that Ctrl-C reaches the parent alone and the parent stops
 * its children in order; it holds the reading end of a pipe, so that it sees the parent's death, even by SIGKILL.
 * Throws `NETWORK_CHILD_DIED` or `NETWORK_CHILD_SLOW`, and the signal's reason on abort; then it is gone.
 */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const { name, logFile } = spec;
  spec.signal.throwIfAborted();
  const [program = '', ...args] = spec.argv;
  const log = openLog(logFile);
  const child = spawn(program, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...spec.env },
  });
  // Writing is never done; a closed pipe is how the child learns that we are gone.
  child.stdin.on('error', () => {});
  let lastError: string | undefined;
  const stderr = createInterface({ input: child.stderr });
  stderr.on('line', (line) => {
    lastError = readChildError(line) ?? lastError;
    log.write(`${line}\n`);
  });

  let isStopping = false;
  const gone = Promise.withResolvers<void>();
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => {});
  const fail = (how: string, cause?: unknown): void => {
    // Who waits for the end finds the whole log.
    if (log.closed) gone.resolve();
    else log.once('close', () => gone.resolve()).end();
    if (isStopping) return;
    const why = lastError === undefined ? '' : `: ${lastError}`;
    const options = { details: { child: name, log: logFile }, ...(cause === undefined ? {} : { cause }) };
    died.reject(new NetworkError('NETWORK_CHILD_DIED', `${name} ${how}${why} (log: ${logFile})`, options));
  };
  child.once('error', (cause) => fail('could not be started', cause));
  child.once('close', (code, signal) => {
    fail(signal === null ? `ended with code ${code}` : `was killed by ${signal}`);
  });

  const stop = async (graceMs: number): Promise<void> => {
    isStopping = true;
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await gone.promise;
      clearTimeout(timer);
    }
  };

  try {
    const ready = await waitForReady(child, spec, log, died.promise);
    return { name, pid: child.pid ?? 0, ready, died: died.promise, stop };
  } catch (error) {
    await stop(2000);
    throw error;
  }
}

async function waitForReady(
  child: ChildProcess,
  spec: ChildSpec,
  log: WriteStream,
  died: Promise<never>,
): Promise<JsonObject> {
  const ready = Promise.withResolvers<JsonObject>();
  ready.promise.catch(() => {});
  let isReady = false;
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (isReady) {
      log.write(`${line}\n`);
      return;
    }
    try {
      ready.resolve(parseJson(line) as JsonObject);
      isReady = true;
    } catch {
      log.write(`${line}\n`);
    }
  });
  const timer = setTimeout(() => {
    const message = `${spec.name} was not ready within ${spec.readyTimeoutMs / 1000} s (log: ${spec.logFile})`;
    const details = { child: spec.name, log: spec.logFile };
    ready.reject(new NetworkError('NETWORK_CHILD_SLOW', message, { details }));
  }, spec.readyTimeoutMs);
  const onAbort = (): void => ready.reject(spec.signal.reason);
  spec.signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([ready.promise, died]);
  } finally {
    clearTimeout(timer);
    spec.signal.removeEventListener('abort', onAbort);
  }
}
