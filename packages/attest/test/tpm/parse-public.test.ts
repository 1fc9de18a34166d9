import { generateKeyPairSync } from 'node:crypto';
import { AttestError, parseTpmPublic } from '@dcml/attest';
import { concatBytes, fromBase64Url, toHex } from '@dcml/core';
import { writeEccPublic, writeRsaPublic } from '@dcml/testing';
import { describe, expect, it } from 'vitest';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
const modulus = fromBase64Url(rsa.export({ format: 'jwk' }).n ?? '');
const ecc = (['P-256', 'P-384'] as const).map((curve) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return { curve, x: fromBase64Url(x), y: fromBase64Url(y) };
});
const rsaArea = writeRsaPublic(modulus);
const [p256] = ecc;
const eccArea = writeEccPublic('P-256', p256!.x, p256!.y);

function refusal(bytes: Uint8Array): string {
  try {
    parseTpmPublic(bytes);
  } catch (error) {
    if (error instanceof AttestError && error.code === 'ATTEST_FORMAT') return error.message;
    throw error;
  }
  return 'accepted';
}

function edited(area: Uint8Array, offset: number, ...bytes: number[]): Uint8Array {
  const copy = Uint8Array.from(area);
  copy.set(bytes, offset);
  return copy;
}

describe('the public area of an attestation key', () => {
  it('gives the RSA key', () => {
    const { key, isAttestationKey } = parseTpmPublic(rsaArea);
    expect(isAttestationKey).toBe(true);
    expect(key.type === 'rsa' && toHex(key.spki)).toBe(toHex(rsa.export({ type: 'spki', format: 'der' })));
  });

  it.each(ecc)('gives the key on $curve', ({ curve, x, y }) => {
    const { key } = parseTpmPublic(writeEccPublic(curve, x, y));
    expect(key).toMatchObject({ type: 'ec', curve });
    expect(key.type === 'ec' && toHex(key.point)).toBe(`04${toHex(x)}${toHex(y)}`);
  });

  it('puts back leading zeros of a coordinate', () => {
    const short = concatBytes(Uint8Array.of(0), p256!.x.subarray(1));
    const { key } = parseTpmPublic(writeEccPublic('P-256', short.subarray(1), p256!.y));
    expect(key.type === 'ec' && toHex(key.point)).toBe(`04${toHex(short)}${toHex(p256!.y)}`);
  });

  it('tells a key that may leave, signs anything, decrypts or does not sign', () => {
    for (const attributes of [0x0005_0070, 0x0004_0072, 0x0007_0072, 0x0001_0072, 0]) {
      expect(parseTpmPublic(writeRsaPublic(modulus, attributes)).isAttestationKey).toBe(false);
    }
  });

  const cases: [string, Uint8Array, RegExp][] = [
    ['type', edited(rsaArea, 0, 0, 8), /key type 0x8 is not supported at offset 0/],
    ['symmetric algorithm', edited(rsaArea, 10, 0, 6), /signing key has a symmetric algorithm/],
    ['scheme', edited(rsaArea, 12, 0, 0x15), /scheme 0x15 is not supported/],
    ['key bits', edited(rsaArea, 16, 4, 0), /modulus is not one of 1024 bits/],
    ['exponent', edited(rsaArea, 21, 3), /RSA exponent 3 is not 65537/],
    ['modulus', edited(rsaArea, 24, 0x7f), /modulus is not one of 2048 bits/],
    ['short key', writeRsaPublic(new Uint8Array(128).fill(0xff)), /RSA key has 1024 bits/],
    ['trailing byte', concatBytes(rsaArea, Uint8Array.of(0)), /1 unexplained bytes/],
    ['huge area', new Uint8Array(1025), /is longer than 1024 bytes/],
    ['curve', edited(eccArea, 17, 9), /curve 0x9 is not supported/],
    ['key derivation', edited(eccArea, 18, 0, 0x20), /signing key has a key derivation/],
    ['long coordinate', writeEccPublic('P-256', new Uint8Array(33), p256!.y), /x has 33 bytes, expected 32/],
  ];
  it.each(cases)('refuses a wrong %s', (_, area, reason) => {
    expect(refusal(area)).toMatch(reason);
  });

  it('takes the exponent 65537 and the null scheme', () => {
    expect(refusal(edited(rsaArea, 18, 0, 1, 0, 1))).toBe('accepted');
    const nullScheme = concatBytes(rsaArea.subarray(0, 12), Uint8Array.of(0, 0x10), rsaArea.subarray(16));
    expect(refusal(nullScheme)).toBe('accepted');
  });

  it('refuses it cut at any length', () => {
    for (const area of [rsaArea, eccArea]) {
      for (let length = 0; length < area.length; length++)
        expect(refusal(area.slice(0, length))).not.toBe('accepted');
    }
  });
});
