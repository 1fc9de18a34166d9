import { nobleSecp256k1 } from '@dcml/channel/noble';
import { createSha256, systemClock, systemRandom } from '@dcml/core';
import { createWebTransportCrypto } from '@dcml/transport';
import { createFetchTransport } from './fetch-transport.ts';
import type { ClientPlatform } from './platform.ts';

/** For web pages: sealed bodies over `fetch`, no certificate pinning. */
export function createBrowserPlatform(): ClientPlatform {
  const boundFetch: typeof fetch = (input, init) => fetch(input, init);
  return {
    clock: systemClock,
    random: systemRandom,
    secp256k1: nobleSecp256k1,
    crypto: createWebTransportCrypto(),
    openTransport: createFetchTransport(boundFetch),
    createSha256,
    fetch: boundFetch,
  };
}
