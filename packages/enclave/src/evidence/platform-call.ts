import { EnclaveError } from '../enclave-error.ts';

/** What became of a call when it could not be made: a sentence for anybody, without paths, values or output. */
export function platformError(what: string, cause?: unknown): EnclaveError {
  return new EnclaveError('ENCLAVE_PLATFORM', what, cause === undefined ? {} : { cause });
}

/** Rejects with the signal's reason as soon as it aborts, even if `work` goes on: a kernel call cannot be called back. */
export function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

export interface PlatformCall {
  /** Completes "the platform did not …". */
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs one call to the platform under its deadline. Throws `ENCLAVE_PLATFORM` whatever goes wrong, abort and deadline
 * included: the reason is the error's cause, which stays inside.
 */
export async function callPlatform<Value>(
  call: PlatformCall,
  run: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const deadline = AbortSignal.timeout(call.deadlineMs);
  const signal = AbortSignal.any([call.signal, deadline]);
  try {
    signal.throwIfAborted();
    return await orAborted(run(signal), signal);
  } catch (cause) {
    if (call.signal.aborted) throw platformError(`${call.what} was cancelled`, cause);
    if (deadline.aborted) throw platformError(`${call.what} took more than ${call.deadlineMs} ms`, cause);
    if (cause instanceof EnclaveError) throw cause;
    throw platformError(`${call.what} failed`, cause);
  }
}

/** Throws `ENCLAVE_PLATFORM` unless there are exactly 64 bytes. */
export function assertReportData(reportData: Uint8Array): void {
  if (reportData.length !== 64) throw platformError(`report data has 64 bytes, got ${reportData.length}`);
}

/** Throws `ENCLAVE_PLATFORM` unless there are exactly 32 bytes. */
export function assertDeviceNonce(nonce: Uint8Array): void {
  if (nonce.length !== 32) throw platformError(`a device nonce has 32 bytes, got ${nonce.length}`);
}
