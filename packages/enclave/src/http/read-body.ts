import type { IncomingMessage } from 'node:http';
import { EnclaveError } from '../enclave-error.ts';

/**
 * The whole body of a request. Throws `ENCLAVE_BODY_TOO_LARGE` before it holds more than the limit, `ENCLAVE_TIMEOUT`
 * when the peer takes longer than the deadline, `ENCLAVE_BODY` when the connection breaks.
 */
export function readBody(
  incoming: IncomingMessage,
  limits: { readonly maxBytes: number; readonly deadlineMs: number },
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    const settle = (error: EnclaveError | null): void => {
      clearTimeout(timer);
      incoming.removeAllListeners('data');
      if (error === null) resolve(new Uint8Array(Buffer.concat(parts)));
      else {
        incoming.resume();
        reject(error);
      }
    };
    const timer = setTimeout(() => {
      settle(new EnclaveError('ENCLAVE_TIMEOUT', `the body did not arrive within ${limits.deadlineMs} ms`));
    }, limits.deadlineMs);
    incoming.on('data', (part: Buffer) => {
      length += part.length;
      if (length > limits.maxBytes) {
        settle(new EnclaveError('ENCLAVE_BODY_TOO_LARGE', `the body has more than ${limits.maxBytes} bytes`));
      } else parts.push(part);
    });
    incoming.once('end', () => settle(null));
    incoming.once('error', (cause) => {
      settle(new EnclaveError('ENCLAVE_BODY', 'the connection broke while the body was read', { cause }));
    });
  });
}
