import { fromHex, toHex } from '@dcml/core';
import { KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256, type KEMFactory } from 'hpke';
import { describe, expect, it } from 'vitest';
import { createWebTransportCrypto } from '../src/index.ts';
import { nodeKdf } from '../src/node/hkdf.ts';
import { createNodeTransportCrypto } from '../src/node/index.ts';
import { nodeX25519Kem } from '../src/node/x25519-kem.ts';
import { describeCryptoConformance } from './crypto-conformance.ts';

describeCryptoConformance('web', {
  crypto: createWebTransportCrypto(),
  kem: KEM_DHKEM_X25519_HKDF_SHA256 as KEMFactory,
  kdf: KDF_HKDF_SHA256,
});
describeCryptoConformance('node', {
  crypto: createNodeTransportCrypto(),
  kem: nodeX25519Kem as KEMFactory,
  kdf: nodeKdf,
});

describe('node: X25519 keys', () => {
  it('survive serialization', async () => {
    const { suite } = createNodeTransportCrypto();
    const secret = fromHex('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8');
    const key = await suite.DeserializePrivateKey(secret, true);
    expect(toHex(await suite.SerializePrivateKey(key))).toBe(toHex(secret));
  });

  it('agree with WebCrypto in both directions', async () => {
    const [node, web] = [createNodeTransportCrypto(), createWebTransportCrypto()];
    for (const [sender, recipient] of [
      [node, web],
      [web, node],
    ] as const) {
      const pair = await recipient.suite.GenerateKeyPair(false);
      const publicKey = await sender.suite.DeserializePublicKey(
        await recipient.suite.SerializePublicKey(pair.publicKey),
      );
      const { encapsulatedSecret, ctx } = await sender.suite.SetupSender(publicKey);
      const opener = await recipient.suite.SetupRecipient(pair, encapsulatedSecret);
      const aad = Uint8Array.of(9);
      expect(await opener.Open(await ctx.Seal(Uint8Array.of(1, 2), aad), aad)).toEqual(Uint8Array.of(1, 2));
    }
  });

  it('HKDF is bounded as RFC 5869 section 2.3 bounds it and has no one-stage form', async () => {
    await expect(nodeKdf().Expand(new Uint8Array(32), new Uint8Array(0), 255 * 32 + 1)).rejects.toThrow(
      '255',
    );
    await expect(nodeKdf().Derive(new Uint8Array(1), 32)).rejects.toThrow('two stages');
  });
});
