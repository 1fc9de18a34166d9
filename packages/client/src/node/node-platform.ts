import { createHash } from 'node:crypto';
import { nativeSecp256k1 } from '@dcml/channel/native';
import { systemClock, systemRandom } from '@dcml/core';
import { createNodeTransportCrypto } from '@dcml/transport/node';
import type { ClientPlatform } from '../platform.ts';
import { createPinnedTransport } from './pinned-transport.ts';

/** Node: pinned TLS, native cryptography. */
export function createNodePlatform(): ClientPlatform {
  return {
    clock: systemClock,
    random: systemRandom,
    secp256k1: nativeSecp256k1,
    crypto: createNodeTransportCrypto(),
    openTransport: createPinnedTransport,
    createSha256: () => createHash('sha256'),
    fetch: (input, init) => fetch(input, init),
  };
}
