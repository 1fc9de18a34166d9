import { request } from 'node:https';
import type { ChannelId } from '@dcml/core';
import { HostError } from '../host-error.ts';

/**
 * Tells the enclave that a payer started to close: it stops serving and leaves an approval at the ledger port
 * (docs/protocol/http.md, `/answer`). Nothing that comes back is believed, so the enclave's TLS key does not matter:
 * the approval is checked where it arrives. Throws `HOST_ENCLAVE`.
 */
export function askEnclaveToApprove(
  target: { readonly host: string; readonly port: number },
  id: ChannelId,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      reject(new HostError('HOST_ENCLAVE', 'the enclave gave no approval', { cause }));
    };
    const outgoing = request(
      {
        host: target.host,
        port: target.port,
        method: 'POST',
        path: `/v1/dcml/channels/${id}/answer`,
        headers: { 'content-type': 'application/json' },
        rejectUnauthorized: false,
        agent: false,
        signal,
      },
      (incoming) => {
        incoming.resume();
        incoming.on('error', fail);
        incoming.on('end', () => {
          if (incoming.statusCode === 200) resolve();
          else fail(new Error(`status ${incoming.statusCode ?? 0}`));
        });
      },
    );
    outgoing.on('error', fail);
    outgoing.end('{}');
  });
}
