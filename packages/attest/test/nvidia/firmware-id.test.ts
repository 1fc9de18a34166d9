import { fromHex } from '@dcml/core';
import { createSigningKey, derInteger, derOctetString, derOid, derSequence } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { readFirmwareIdentity } from '../../src/nvidia/firmware-id.ts';
import { type Certificate, parseCertificate } from '../../src/x509/certificate.ts';
import { hopper } from './simulated-devices.ts';

const [leaf, identity] = hopper.chain.slice(0, 2).map((der) => parseCertificate(der)) as [
  Certificate,
  Certificate,
];
const withExtensions = (...extensions: (readonly [string, Uint8Array])[]): Certificate => ({
  ...leaf,
  extensions: new Map(extensions),
});
const read = (...extensions: (readonly [string, Uint8Array])[]) =>
  readFirmwareIdentity(withExtensions(...extensions), identity);

const COMPOSITE = '2.23.133.5.4.1';
const TCB_INFO = '2.23.133.5.4.1.1';
// DiceTcbInfo of a Blackwell, as published in the unit tests of NVIDIA/attestation-sdk (dice_tcb_info_test.cpp).
const published =
  '3081b180064e5649444941810d474231303020413031204753508202303183010184010085' +
  '0100a67e303d06096086480165030402020430d090cab1b6e6ffddca83d1781e25b3f040fa1f' +
  '3c7608230cb5f41b1c1b99f5f748349e59d0ef8eb830c9bc79ccf77502303d0609608648016503' +
  `0402020430${'00'.repeat(48)}870500800000018801c0890100`;

describe('firmware id of a leaf', () => {
  it('is read from the published Blackwell extension', () => {
    expect(read([TCB_INFO, fromHex(published)])).toEqual({
      firmwareId:
        'd090cab1b6e6ffddca83d1781e25b3f040fa1f3c7608230cb5f41b1c1b99f5f748349e59d0ef8eb830c9bc79ccf77502',
      stateProblem: undefined,
    });
  });

  it.each([
    ['debug', '87050090000001', 'under debug'],
    ['recovery', '870500a0000001', 'in recovery'],
    ['not secure', '870500c0000001', 'not secure'],
    ['not secure alone', '87050040000001', 'not secure'],
  ])('states: %s', (_, flags, state) => {
    const der = fromHex(published.replace('87050080000001', flags));
    expect(read([TCB_INFO, der]).stateProblem).toContain(state);
  });

  it('refuses every truncation and every field that is not known', () => {
    const der = fromHex(published);
    for (let length = 0; length < der.length; length++) {
      expect(() => read([TCB_INFO, der.subarray(0, length)])).toThrow(/offset \d+/);
    }
    const flags = '870500800000018801c0890100';
    const changed = (text: string): Uint8Array => fromHex(published.replace(flags, text));
    expect(() => read([TCB_INFO, changed('870500800000018801c08b0100')])).toThrow('not known');
    expect(() => read([TCB_INFO, changed('870500800000018801c0880100')])).toThrow('not known');
    expect(() => read([TCB_INFO, changed('870508800000018801c0890100')])).toThrow('flags are no bit string');
    expect(() => read([TCB_INFO, fromHex('3000')])).toThrow('TCB info has no firmware id');
  });

  it('is read from the older extension, which names the key of the issuer', () => {
    expect(readFirmwareIdentity(leaf, identity).firmwareId).toBe(hopper.firmwareId);
    const other = { ...identity, publicKey: leaf.publicKey };
    expect(() => readFirmwareIdentity(leaf, other)).toThrow(
      'device id is not the key that issued the certificate',
    );
  });

  it.each([
    ['nothing', [], 'states no firmware id'],
    [
      'both forms',
      [
        [COMPOSITE, new Uint8Array()],
        [TCB_INFO, new Uint8Array()],
      ],
      'states its firmware twice',
    ],
    ['another digest', [[COMPOSITE, composite('2.16.840.1.101.3.4.2.1', 48)]], 'firmware id is not SHA-384'],
    [
      'a short digest',
      [[COMPOSITE, composite('2.16.840.1.101.3.4.2.2', 32)]],
      'firmware digest is not 48 bytes',
    ],
    [
      'another key type',
      [[COMPOSITE, composite('2.16.840.1.101.3.4.2.2', 48, createSigningKey('ecdsa-sha256').spki)]],
      'is not the key that issued',
    ],
  ] as const)('is refused: %s', (_, extensions, message) => {
    expect(() => read(...extensions)).toThrow(message);
  });
});

function composite(algorithm: string, length: number, spki = hopper.identityKey.spki): Uint8Array {
  const fwid = derSequence(derOid(algorithm), derOctetString(new Uint8Array(length)));
  return derSequence(derInteger(1), spki, fwid);
}
