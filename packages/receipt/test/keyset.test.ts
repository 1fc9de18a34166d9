import type { JsonObject, JsonValue } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import {
  attestationStatement,
  chainKeyOf,
  encodeKeyset,
  encryptionKeyOf,
  type KeysetKey,
  keysetDigest,
  listsTlsKey,
  parseKeyset,
  type WorkloadKeyset,
} from '../src/index.ts';
import { keyset } from './fixtures.ts';

const json = encodeKeyset(keyset);
const refused = expect.objectContaining({ code: 'RECEIPT_KEYSET' });
const altered = (change: Record<string, JsonValue | undefined>): JsonObject => {
  const result: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries({ ...json, ...change }))
    if (value !== undefined) result[name] = value;
  return result;
};
const withKeys = (e2eePublicKeys: readonly KeysetKey[]): WorkloadKeyset => ({ ...keyset, e2eePublicKeys });
const [encryption, chain] = keyset.e2eePublicKeys as [KeysetKey, KeysetKey];

describe('workload keyset (aci/1 section 3.1)', () => {
  it('round trips with its digest', () => {
    const named = {
      ...keyset,
      subject: 'x',
      tlsPublicKeys: [{ spkiSha256: 'aa'.repeat(32), domain: 'a.example' }],
    };
    for (const one of [keyset, named]) {
      expect(parseKeyset(encodeKeyset(one))).toEqual(one);
      expect(keysetDigest(parseKeyset(encodeKeyset(one)))).toBe(keysetDigest(one));
    }
    expect(keysetDigest(named)).not.toBe(keysetDigest(keyset));
  });

  it('is refused with any member missing, unknown or of another type: RECEIPT_KEYSET', () => {
    for (const name of Object.keys(json)) {
      expect(() => parseKeyset(altered({ [name]: undefined })), name).toThrow(refused);
      expect(() => parseKeyset(altered({ [name]: true })), name).toThrow(refused);
    }
    expect(() => parseKeyset(altered({ surprise: 1 }))).toThrow(refused);
    expect(() => parseKeyset(altered({ not_after: 1.5 }))).toThrow(refused);
    expect(() => parseKeyset(altered({ tls_public_keys: [{ spki_sha256: 'AA'.repeat(32) }] }))).toThrow(
      refused,
    );
    const key = { key_id: 'a', algo: 'ed25519', public_key: '00' };
    expect(() => parseKeyset(altered({ receipt_signing_keys: [{ ...key, use: 'all' }] }))).toThrow(refused);
    expect(() => parseKeyset(altered({ receipt_signing_keys: [key, key] }))).toThrow(refused);
  });

  it('gives the encryption key and the chain key by algorithm', () => {
    expect(encryptionKeyOf(keyset)).toEqual(new Uint8Array(32).fill(0x5a));
    expect(chainKeyOf(keyset)).toBe(`0x${'7b'.repeat(20)}`);
  });

  it('skips entries of unknown algorithms and gives nothing when a role is missing or doubled', () => {
    const other = { keyId: 'other', algo: 'x25519-aes-256-gcm-hkdf-sha256', publicKey: '00' };
    expect(encryptionKeyOf(withKeys([other, encryption]))).toEqual(new Uint8Array(32).fill(0x5a));
    expect(encryptionKeyOf(withKeys([other]))).toBeNull();
    expect(chainKeyOf(withKeys([other]))).toBeNull();
    expect(encryptionKeyOf(withKeys([encryption, { ...encryption, keyId: 'second' }]))).toBeNull();
    expect(chainKeyOf(withKeys([chain, { ...chain, keyId: 'second' }]))).toBeNull();
  });

  it('refuses keys of the wrong length: RECEIPT_KEYSET', () => {
    expect(() => encryptionKeyOf(withKeys([{ ...encryption, publicKey: '5a'.repeat(31) }]))).toThrow(refused);
    expect(() => chainKeyOf(withKeys([{ ...chain, publicKey: `0x${'7b'.repeat(20)}` }]))).toThrow(refused);
  });

  it('lists TLS keys for the host names they are for', () => {
    const scoped = {
      ...keyset,
      tlsPublicKeys: [{ spkiSha256: 'aa', domain: 'a.example' }, { spkiSha256: 'bb' }],
    };
    expect(listsTlsKey(scoped, 'aa', 'A.example')).toBe(true);
    expect(listsTlsKey(scoped, 'aa', 'b.example')).toBe(false);
    expect(listsTlsKey(scoped, 'bb', 'b.example')).toBe(true);
    expect(listsTlsKey(scoped, 'cc', 'a.example')).toBe(false);
  });
});

describe('nonce', () => {
  it('is exactly 64 lowercase hex digits: RECEIPT_NONCE', () => {
    for (const nonce of [
      '',
      'ab'.repeat(31),
      'AB'.repeat(32),
      `0x${'ab'.repeat(31)}`,
      `${'ab'.repeat(31)}"}`,
    ]) {
      expect(() => attestationStatement(keysetDigest(keyset), nonce)).toThrow(
        expect.objectContaining({ code: 'RECEIPT_NONCE' }),
      );
    }
  });

  it('and the digest stand in the statement only in their one form', () => {
    expect(() => attestationStatement('sha256:AB' as never, null)).toThrow(
      expect.objectContaining({ code: 'CORE_FIELD' }),
    );
  });
});
