import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { Secp256k1, Signature } from '@dcml/channel';
import type { Address, Random } from '@dcml/core';
import { generateTransportKey, type SyncTransportCrypto, type TransportKey } from '@dcml/transport';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';

/**
 * The keys of one enclave instance, one per role, made at boot and held in memory only. They are never written, never
 * shared and never derived from anything that an operator holds: a restarted or cloned enclave is another instance.
 */
export interface InstanceKeys {
  /** Ed25519, signs receipts and nothing else. */
  readonly receipt: { readonly publicKey: Uint8Array; readonly sign: (message: Uint8Array) => Uint8Array };
  /** X25519, opens sealed bodies. */
  readonly encryption: TransportKey;
  /** P-256, ends TLS. */
  readonly tls: {
    readonly privateKeyPem: string;
    readonly certificatePem: string;
    readonly spkiSha256Hex: string;
  };
  /** secp256k1, approves closes on chain. */
  readonly chain: { readonly address: Address; readonly sign: (digest: Uint8Array) => Signature };
}

export interface CreateInstanceKeysOptions {
  readonly random: Random;
  readonly nowMs: number;
  readonly lifetimeSeconds: number;
  readonly secp256k1: Secp256k1;
  readonly transportCrypto: SyncTransportCrypto;
}

export async function createInstanceKeys(options: CreateInstanceKeysOptions): Promise<InstanceKeys> {
  const receipt = generateKeyPairSync('ed25519');
  const tls = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tlsPem = tls.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const spki = createPublicKey(createPrivateKey(tlsPem)).export({ type: 'spki', format: 'der' });
  const chainKey = options.random.bytes(32);
  return {
    receipt: {
      // The last 32 bytes of an SPKI document of RFC 8410 are the raw key.
      publicKey: new Uint8Array(receipt.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)),
      sign: (message) => new Uint8Array(sign(null, message, receipt.privateKey)),
    },
    encryption: await generateTransportKey(options.transportCrypto),
    tls: {
      privateKeyPem: tlsPem,
      certificatePem: createSelfSignedCertificate({
        privateKeyPem: tlsPem,
        commonName: 'dcml enclave',
        dnsNames: ['localhost'],
        notBeforeMs: options.nowMs - 3_600_000,
        notAfterMs: options.nowMs + options.lifetimeSeconds * 1000,
        random: options.random,
      }),
      spkiSha256Hex: createHash('sha256').update(spki).digest('hex'),
    },
    chain: {
      address: options.secp256k1.addressOf(chainKey),
      sign: (digest) => options.secp256k1.sign(digest, chainKey),
    },
  };
}
