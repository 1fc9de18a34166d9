import type { Secp256k1 } from '@dcml/channel';
import type { Clock, Hasher, Random } from '@dcml/core';
import type { TransportCrypto } from '@dcml/transport';
import type { OpenTransport } from './enclave-transport.ts';

/**
 * What differs between a browser and Node, and what tests replace. `createBrowserPlatform` and, in
 * `@dcml/client/node`, `createNodePlatform` fill it.
 */
export interface ClientPlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly secp256k1: Secp256k1;
  readonly crypto: TransportCrypto;
  readonly openTransport: OpenTransport;
  createSha256(): Hasher;
  /** Reaches hosts; what they say authenticates itself or is public. */
  readonly fetch: typeof fetch;
}
