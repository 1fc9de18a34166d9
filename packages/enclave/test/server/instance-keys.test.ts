import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { nativeSecp256k1 } from '@dcml/channel/native';
import { sha256, systemRandom, toHex } from '@dcml/core';
import { createNodeTransportCrypto } from '@dcml/transport/node';
import { describe, expect, it } from 'vitest';
import { createInstanceKeys } from '../../src/keys/instance-keys.ts';

const NOW_MS = Date.UTC(2026, 10, 22);
const create = () =>
  createInstanceKeys({
    random: systemRandom,
    nowMs: NOW_MS,
    lifetimeSeconds: 3600,
    secp256k1: nativeSecp256k1,
    transportCrypto: createNodeTransportCrypto(),
  });

describe('createInstanceKeys', () => {
  it('makes a certificate that OpenSSL parses, self-signed, over the pinned key', async () => {
    const { tls } = await create();
    const certificate = new X509Certificate(tls.certificatePem);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.subject).toBe('CN=dcml enclave');
    expect(certificate.subjectAltName).toBe('DNS:localhost');
    expect(certificate.validToDate.getTime()).toBe(NOW_MS + 3_600_000);
    const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
    expect(toHex(sha256(spki))).toBe(tls.spkiSha256Hex);
  });

  it('writes dates from 2050 on as GeneralizedTime', async () => {
    const keys = await createInstanceKeys({
      random: systemRandom,
      nowMs: Date.UTC(2050, 1, 1),
      lifetimeSeconds: 3600,
      secp256k1: nativeSecp256k1,
      transportCrypto: createNodeTransportCrypto(),
    });
    expect(new X509Certificate(keys.tls.certificatePem).validToDate.getUTCFullYear()).toBe(2050);
  });

  it('signs receipts with the ed25519 key it lists', async () => {
    const { receipt } = await create();
    const message = new Uint8Array([1, 2, 3]);
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), receipt.publicKey]);
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    expect(verify(null, message, publicKey, receipt.sign(message))).toBe(true);
    expect(verify(null, new Uint8Array([1, 2, 4]), publicKey, receipt.sign(message))).toBe(false);
  });

  it('signs approvals with the chain key it lists', async () => {
    const { chain } = await create();
    const digest = sha256(new Uint8Array([7]));
    expect(nativeSecp256k1.recoverAddress(digest, chain.sign(digest))).toBe(chain.address);
  });

  it('gives every instance its own keys', async () => {
    const [a, b] = [await create(), await create()];
    expect(a.receipt.publicKey).not.toEqual(b.receipt.publicKey);
    expect(a.encryption.publicKey).not.toEqual(b.encryption.publicKey);
    expect(a.tls.spkiSha256Hex).not.toBe(b.tls.spkiSha256Hex);
    expect(a.chain.address).not.toBe(b.chain.address);
  });
});
