import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { concatBytes, encodeUtf8, fromHex } from '@dcml/core';
import { type KEM, type Key, type KeyPair, LabeledExpand, LabeledExtract } from 'hpke';
import { nodeKdf } from './hkdf.ts';

// RFC 8410: the fixed DER before the 32 bytes of an X25519 key.
const SPKI_PREFIX = fromHex('302a300506032b656e032100');
const PKCS8_PREFIX = fromHex('302e020100300506032b656e04220420');
const NOTHING = new Uint8Array(0);
// RFC 9180 section 4.1: suite_id = "KEM" || I2OSP(kem_id, 2).
const SUITE_ID = concatBytes(encodeUtf8('KEM'), Uint8Array.of(0x00, 0x20));

interface NodeKey extends Key {
  readonly object: KeyObject;
  /** Public keys only. */
  readonly raw: Uint8Array;
}

const algorithm = { name: 'X25519' };

function publicKeyOf(raw: Uint8Array): NodeKey {
  const object = createPublicKey({
    key: Buffer.from(concatBytes(SPKI_PREFIX, raw)),
    format: 'der',
    type: 'spki',
  });
  return { algorithm, extractable: true, type: 'public', object, raw };
}

function rawOf(publicKey: KeyObject): Uint8Array {
  return new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length));
}

function pairOf(privateObject: KeyObject, publicObject: KeyObject, extractable: boolean): KeyPair<NodeKey> {
  return {
    publicKey: {
      algorithm,
      extractable: true,
      type: 'public',
      object: publicObject,
      raw: rawOf(publicObject),
    },
    privateKey: { algorithm, extractable, type: 'private', object: privateObject, raw: NOTHING },
  };
}

function privateObjectOf(raw: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.from(concatBytes(PKCS8_PREFIX, raw)),
    format: 'der',
    type: 'pkcs8',
  });
}

function agree(privateKey: KeyObject, publicKey: KeyObject): Uint8Array {
  const dh = diffieHellman({ privateKey, publicKey });
  // RFC 9180 section 7.1.4: an all-zero output comes of a small-order key. OpenSSL refuses it as well.
  if (dh.every((byte) => byte === 0)) throw new RangeError('X25519: the peer key has small order');
  return dh;
}

/** DHKEM(X25519, HKDF-SHA256), RFC 9180 section 4.1, over node:crypto. */
export const nodeX25519Kem = (): KEM<NodeKey> => {
  const kdf = nodeKdf();
  const extractAndExpand = async (dh: Uint8Array, context: Uint8Array): Promise<Uint8Array> => {
    const prk = await LabeledExtract(kdf, SUITE_ID, NOTHING, encodeUtf8('eae_prk'), dh);
    return LabeledExpand(kdf, SUITE_ID, prk, encodeUtf8('shared_secret'), context, 32);
  };
  return {
    id: 0x0020,
    type: 'KEM',
    name: 'DHKEM(X25519, HKDF-SHA256)',
    Nsecret: 32,
    Nenc: 32,
    Npk: 32,
    Nsk: 32,
    GenerateKeyPair: async (extractable) => {
      const { privateKey, publicKey } = generateKeyPairSync('x25519');
      return pairOf(privateKey, publicKey, extractable);
    },
    DeriveKeyPair: async (ikm, extractable) => {
      // Section 7.1.3.
      const prk = await LabeledExtract(kdf, SUITE_ID, NOTHING, encodeUtf8('dkp_prk'), ikm);
      const secret = await LabeledExpand(kdf, SUITE_ID, prk, encodeUtf8('sk'), NOTHING, 32);
      const privateKey = privateObjectOf(secret);
      return pairOf(privateKey, createPublicKey(privateKey), extractable);
    },
    SerializePublicKey: async (key) => key.raw,
    DeserializePublicKey: async (raw) => publicKeyOf(new Uint8Array(raw)),
    SerializePrivateKey: async (key) =>
      new Uint8Array(key.object.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_PREFIX.length)),
    DeserializePrivateKey: async (raw, extractable) => ({
      algorithm,
      extractable,
      type: 'private',
      object: privateObjectOf(raw),
      raw: NOTHING,
    }),
    Encap: async (recipient) => {
      const { privateKey, publicKey } = generateKeyPairSync('x25519');
      const enc = rawOf(publicKey);
      const dh = agree(privateKey, recipient.object);
      return { enc, shared_secret: await extractAndExpand(dh, concatBytes(enc, recipient.raw)) };
    },
    Decap: async (enc, privateKey, publicKey) => {
      const dh = agree(privateKey.object, publicKeyOf(enc).object);
      const own = publicKey?.raw ?? rawOf(createPublicKey(privateKey.object));
      return extractAndExpand(dh, concatBytes(enc, own));
    },
  };
};
