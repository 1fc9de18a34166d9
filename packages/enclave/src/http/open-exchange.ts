import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  ehbpHeaders,
  openRequest,
  type ReplayGuard,
  type SyncTransportCrypto,
  type TransportKey,
} from '@dcml/transport';
import { EnclaveError } from '../enclave-error.ts';
import { Exchange } from './exchange.ts';
import { readBody } from './read-body.ts';

const MAX_BODY_BYTES: number = 16 << 20;
const BODY_DEADLINE_MS = 60_000;

export interface SealedBodyKeys {
  readonly crypto: SyncTransportCrypto;
  readonly key: TransportKey;
  readonly replayGuard: ReplayGuard;
}

/** The value of a header that may stand once; undefined when absent. Throws `ENCLAVE_BODY` when repeated. */
function singleHeader(request: IncomingMessage, name: string): string | undefined {
  const values = request.headersDistinct[name.toLowerCase()];
  if (values !== undefined && values.length > 1) {
    throw new EnclaveError('ENCLAVE_BODY', `the header ${name} is repeated`);
  }
  return values?.[0];
}

/**
 * Reads a request and opens its body where it is sealed (EHBP section 5.2). Until this resolves nothing is known about
 * the sender: errors must be answered uniformly. Throws `TransportError` or `EnclaveError`.
 */
export async function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  keys: SealedBodyKeys,
  signal: AbortSignal,
): Promise<Exchange> {
  const url = new URL(request.url ?? '/', 'https://enclave');
  const encapsulatedKeyHex = singleHeader(request, ehbpHeaders.encapsulatedKey);
  const base = { request, response, url, signal };
  if (encapsulatedKeyHex === undefined) {
    const body = await readBody(request, { maxBytes: MAX_BODY_BYTES, deadlineMs: BODY_DEADLINE_MS });
    return new Exchange({ ...base, body, sealer: null });
  }
  const opened = await openRequest({
    crypto: keys.crypto,
    key: keys.key,
    encapsulatedKeyHex,
    body: request,
    replayGuard: keys.replayGuard,
    signal: AbortSignal.any([signal, AbortSignal.timeout(BODY_DEADLINE_MS)]),
  });
  const sealer = await opened.sealResponse();
  return new Exchange({
    ...base,
    body: opened.plaintext,
    sealer: {
      nonceHex: sealer.nonceHex,
      seal: (plaintext) => sealer.seal(plaintext),
      sealReceipt: (receipt) => sealer.sealReceipt(receipt),
      receiptCredential: opened.receiptCredential,
    },
  });
}
