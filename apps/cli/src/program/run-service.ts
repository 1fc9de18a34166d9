import type { JsonObject } from '@dcml/core';
import type { CommandContext, ExitCode, Option } from './command.ts';

/** For programs that start a service as their child: it must not outlive them, however they die. */
export const exitWithStdinOption: Option = {
  type: 'boolean',
  description: 'stop when standard input closes',
  flagOnly: true,
};

/** A service that runs. */
export interface Service {
  /** Printed when it is ready; the JSON form is one line. */
  readonly ready: JsonObject;
  readonly text: string;
  /** Rejects when the service dies by itself. */
  readonly died?: Promise<never>;
  close(): Promise<void>;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

interface StdinWatch {
  readonly signal: AbortSignal;
  /** Lets go of standard input, which would keep the process alive. */
  release(): void;
}

function watchStdin(): StdinWatch {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new DOMException('standard input closed', 'AbortError'));
  process.stdin.on('end', stop).on('close', stop).on('error', stop).resume();
  return { signal: controller.signal, release: () => process.stdin.destroy() };
}

/** Starts a service, says that it is ready, runs it until the signal, and closes it. */
export async function runService(
  context: CommandContext,
  start: (signal: AbortSignal) => Promise<Service>,
): Promise<ExitCode> {
  const stdin = context.booleans['exit-with-stdin'] === true ? watchStdin() : undefined;
  const signal = stdin === undefined ? context.signal : AbortSignal.any([context.signal, stdin.signal]);
  try {
    const service = await start(signal);
    try {
      context.output.result(service.ready, service.text);
      const ends = [untilAborted(signal), ...(service.died === undefined ? [] : [service.died])];
      await Promise.race(ends);
    } finally {
      await service.close();
    }
  } finally {
    stdin?.release();
  }
  return 0;
}
