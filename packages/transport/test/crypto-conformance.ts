import { fromHex, toHex } from '@dcml/core';
import { AEAD_AES_128_GCM, CipherSuite, type KDFFactory, type KEMFactory } from 'hpke';
import { describe, expect, it } from 'vitest';
import { deriveTransportKey, generateTransportKey, type TransportCrypto } from '../src/index.ts';

/** RFC 9180 appendix A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode. */
const rfc = {
  info: '4f6465206f6e2061204772656369616e2055726e',
  ikmR: '6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037',
  pkRm: '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
  enc: '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431',
  sharedSecret: 'fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc',
  aad: '436f756e742d30',
  plaintext: '4265617574792069732074727574682c20747275746820626561757479',
  ciphertext: 'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  exports: [
    ['', '3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee'],
    ['00', '2e8f0b54673c7029649d4eb9d5e33bf1872cf76d623ff164ac185da9e88c21a5'],
    ['54657374436f6e74657874', 'e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931'],
  ],
} as const;

/** NIST GCM test case 14 (McGrew and Viega): AES-256, zero key, zero IV, 16 zero bytes. */
const gcm = {
  key: '00'.repeat(32),
  nonce: '00'.repeat(12),
  plaintext: '00'.repeat(16),
  sealed: 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
};

/** RFC 5869 appendix A.1 and A.3 (no salt, no info). */
const hkdf = [
  {
    ikm: '0b'.repeat(22),
    salt: '000102030405060708090a0b0c',
    info: 'f0f1f2f3f4f5f6f7f8f9',
    okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    ikm: '0b'.repeat(22),
    salt: '',
    info: '',
    okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
];

export interface CryptoPrimitives {
  readonly crypto: TransportCrypto;
  readonly kem: KEMFactory;
  readonly kdf: KDFFactory;
}

/** What every implementation of `TransportCrypto` must do. */
export function describeCryptoConformance(name: string, { crypto, kem, kdf }: CryptoPrimitives): void {
  describe(`${name}: TransportCrypto`, () => {
    it('opens and exports as RFC 9180 appendix A.1.1 does', async () => {
      const suite = new CipherSuite(kem, kdf, AEAD_AES_128_GCM);
      const pair = await suite.DeriveKeyPair(fromHex(rfc.ikmR), true);
      expect(toHex(await suite.SerializePublicKey(pair.publicKey))).toBe(rfc.pkRm);
      expect(toHex(await kem().Decap(fromHex(rfc.enc), pair.privateKey, pair.publicKey))).toBe(
        rfc.sharedSecret,
      );
      expect(toHex(await kem().Decap(fromHex(rfc.enc), pair.privateKey, undefined))).toBe(rfc.sharedSecret);
      const context = await suite.SetupRecipient(pair, fromHex(rfc.enc), { info: fromHex(rfc.info) });
      expect(toHex(await context.Open(fromHex(rfc.ciphertext), fromHex(rfc.aad)))).toBe(rfc.plaintext);
      for (const [label, value] of rfc.exports) {
        expect(toHex(await context.Export(fromHex(label), 32))).toBe(value);
      }
    });

    it('derives as RFC 5869 appendix A does', async () => {
      for (const { ikm, salt, info, okm } of hkdf) {
        const prk = await crypto.kdf.Extract(fromHex(salt), fromHex(ikm));
        expect(toHex(await crypto.kdf.Expand(prk, fromHex(info), okm.length / 2))).toBe(okm);
      }
    });

    it('seals and opens the published AES-256-GCM vector', async () => {
      const cipher = await crypto.createAesGcm(fromHex(gcm.key));
      expect(toHex(await cipher.seal(fromHex(gcm.nonce), fromHex(gcm.plaintext)))).toBe(gcm.sealed);
      expect(toHex(await cipher.open(fromHex(gcm.nonce), fromHex(gcm.sealed)))).toBe(gcm.plaintext);
    });

    it('refuses every flipped bit and every truncation of a sealed message', async () => {
      const cipher = await crypto.createAesGcm(fromHex(gcm.key));
      const sealed = fromHex(gcm.sealed);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const flipped = sealed.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        await expect((async () => cipher.open(fromHex(gcm.nonce), flipped))()).rejects.toThrow();
      }
      for (let length = 0; length < sealed.length; length++) {
        const cut = sealed.subarray(0, length);
        await expect((async () => cipher.open(fromHex(gcm.nonce), cut))()).rejects.toThrow();
      }
    });

    it('refuses a key that is not 32 bytes', async () => {
      await expect((async () => crypto.createAesGcm(new Uint8Array(31)))()).rejects.toThrow();
    });

    it('refuses peer keys of small order (RFC 9180 section 7.1.4)', async () => {
      const { keyPair } = await generateTransportKey(crypto);
      const smallOrder = [
        '00'.repeat(32),
        `01${'00'.repeat(31)}`,
        'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
        '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
        `ec${'ff'.repeat(30)}7f`,
        `ed${'ff'.repeat(30)}7f`,
        `ee${'ff'.repeat(30)}7f`,
      ];
      for (const enc of smallOrder) {
        await expect(crypto.suite.SetupRecipient(keyPair, fromHex(enc))).rejects.toThrow();
      }
    });

    it('derives the same key from the same secret, and a fresh one each time otherwise', async () => {
      const ikm = new Uint8Array(32).fill(7);
      const [a, b] = [await deriveTransportKey(crypto, ikm), await deriveTransportKey(crypto, ikm)];
      expect(a.publicKey).toEqual(b.publicKey);
      expect((await generateTransportKey(crypto)).publicKey).not.toEqual(a.publicKey);
    });
  });
}
