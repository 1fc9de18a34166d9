/** Settles as `task` does, or rejects with the signal's reason; the task itself goes on for others who wait for it. */
export function raceAbort<Value>(task: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (signal.aborted) {
    task.catch(() => undefined);
    return Promise.reject(signal.reason as Error);
  }
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    task.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
