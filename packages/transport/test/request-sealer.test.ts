import { encodeUtf8 } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { createRequestSealer, generateTransportKey, openRequest } from '../src/index.ts';
import { freshGuard, never, serverCrypto } from './fixtures.ts';

describe('createRequestSealer', () => {
  it('seals every request under a set-up of its own, in parallel too', async () => {
    const key = await generateTransportKey(serverCrypto);
    const sealer = createRequestSealer({ crypto: serverCrypto, publicKey: key.publicKey });
    const bodies = ['one', 'two', 'three', 'four', 'five'].map(encodeUtf8);
    const sealed = [
      await sealer.seal(bodies[0]!),
      ...(await Promise.all(bodies.slice(1).map((body) => sealer.seal(body)))),
    ];
    expect(new Set(sealed.map((request) => request.encapsulatedKeyHex)).size).toBe(5);
    const replayGuard = freshGuard();
    for (const [i, { encapsulatedKeyHex, body }] of sealed.entries()) {
      const opened = await openRequest({
        crypto: serverCrypto,
        key,
        encapsulatedKeyHex,
        body,
        replayGuard,
        signal: never,
      });
      expect(opened.plaintext).toEqual(bodies[i]);
    }
  });

  it('reports an unusable key to every request, and an empty body to its own', async () => {
    const broken = createRequestSealer({ crypto: serverCrypto, publicKey: new Uint8Array(31) });
    for (let i = 0; i < 2; i++) {
      await expect(broken.seal(encodeUtf8('x'))).rejects.toMatchObject({ code: 'TRANSPORT_SEAL' });
    }
    const { publicKey } = await generateTransportKey(serverCrypto);
    const sealer = createRequestSealer({ crypto: serverCrypto, publicKey });
    await expect(sealer.seal(new Uint8Array(0))).rejects.toMatchObject({ code: 'TRANSPORT_SEAL' });
    expect((await sealer.seal(encodeUtf8('x'))).encapsulatedKeyHex).toHaveLength(64);
  });
});
