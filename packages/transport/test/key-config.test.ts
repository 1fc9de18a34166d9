import { fromHex, toHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { encodeKeyConfig, parseKeyConfig } from '../src/index.ts';

const publicKey = new Uint8Array(32).fill(0x5a);
// RFC 9458 section 3.1: key id, KEM, key, length of the list, KDF and AEAD.
const expected = `000020${'5a'.repeat(32)}000400010002`;

describe('key configuration', () => {
  it('has the bytes of RFC 9458 section 3.1', () => {
    expect(toHex(encodeKeyConfig(publicKey))).toBe(expected);
  });

  it('round trips and ignores what follows the first configuration', () => {
    expect(parseKeyConfig(encodeKeyConfig(publicKey, 7))).toEqual({ keyId: 7, publicKey });
    expect(parseKeyConfig(fromHex(`${expected}ffff`)).publicKey).toEqual(publicKey);
  });

  it('finds the suite anywhere in the list', () => {
    const list = `000020${'5a'.repeat(32)}0008${'00010001'}${'00010002'}`;
    expect(parseKeyConfig(fromHex(list)).publicKey).toEqual(publicKey);
  });

  it('refuses truncation at every byte: TRANSPORT_KEY_CONFIG', () => {
    const bytes = fromHex(expected);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseKeyConfig(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'TRANSPORT_KEY_CONFIG' }),
      );
    }
  });

  it('refuses lists of suites with lengths that lie: TRANSPORT_KEY_CONFIG', () => {
    for (const length of ['0000', '0003', '0008']) {
      expect(() => parseKeyConfig(fromHex(`000020${'5a'.repeat(32)}${length}00010002`))).toThrow(
        expect.objectContaining({ code: 'TRANSPORT_KEY_CONFIG' }),
      );
    }
  });

  it('refuses other KEMs, KDFs and AEADs: TRANSPORT_SUITE', () => {
    for (const hex of [
      `000010${'5a'.repeat(32)}000400010002`,
      `000020${'5a'.repeat(32)}000400020002`,
      `000020${'5a'.repeat(32)}000400010003`,
    ]) {
      expect(() => parseKeyConfig(fromHex(hex))).toThrow(
        expect.objectContaining({ code: 'TRANSPORT_SUITE' }),
      );
    }
  });

  it('refuses a key that is not 32 bytes', () => {
    expect(() => encodeKeyConfig(new Uint8Array(31))).toThrow(
      expect.objectContaining({ code: 'CORE_ENCODING' }),
    );
  });
});
