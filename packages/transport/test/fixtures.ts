import { systemClock } from '@dcml/core';
import {
  createReplayGuard,
  generateTransportKey,
  type OpenedRequest,
  openRequest,
  type ReplayGuard,
  type SealedRequest,
  sealRequest,
  type TransportCrypto,
  type TransportKey,
} from '../src/index.ts';
import { createNodeTransportCrypto } from '../src/node/index.ts';

export const serverCrypto: ReturnType<typeof createNodeTransportCrypto> = createNodeTransportCrypto();
export const never: AbortSignal = new AbortController().signal;

export function freshGuard(): ReplayGuard {
  return createReplayGuard({ capacity: 1000, ttlMs: 60_000, clock: systemClock });
}

export async function* pieces(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return parts;
}

export interface Exchange {
  readonly key: TransportKey;
  readonly sealed: SealedRequest;
  readonly opened: OpenedRequest;
}

/** One request, sealed by `crypto` and opened by the server. */
export async function exchange(body: Uint8Array, crypto: TransportCrypto = serverCrypto): Promise<Exchange> {
  const key = await generateTransportKey(serverCrypto);
  const sealed = await sealRequest({ crypto, publicKey: key.publicKey, body });
  const opened = await openRequest({
    crypto: serverCrypto,
    key,
    encapsulatedKeyHex: sealed.encapsulatedKeyHex,
    body: sealed.body,
    replayGuard: freshGuard(),
    signal: never,
  });
  return { key, sealed, opened };
}
