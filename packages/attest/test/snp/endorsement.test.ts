import { parseEndorsement, productOfName } from '@dcml/attest';
import { encodeUtf8 } from '@dcml/core';
import {
  type AmdExtensionFields,
  createSigningKey,
  derElement,
  derInteger,
  type ExtraExtension,
  simulatedAmdTcb,
  writeAmdExtensions,
  writeCertificate,
} from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../src/x509/certificate.ts';
import { NOW_MS } from './simulated-snp.ts';

const AMD = '1.3.6.1.4.1.3704.1';
const key = createSigningKey('ecdsa-sha384');
const hardwareId = Uint8Array.from({ length: 64 }, (_, i) => i);
const vcek: AmdExtensionFields = {
  structVersion: 0,
  productName: 'Genoa',
  product: 'genoa',
  tcb: simulatedAmdTcb('genoa'),
  hardwareId,
};
const turin: AmdExtensionFields = {
  structVersion: 1,
  productName: 'Turin',
  product: 'turin',
  tcb: simulatedAmdTcb('turin'),
  hardwareId: hardwareId.subarray(0, 8),
};
const { hardwareId: _, ...noChip } = vcek;
const vlek: AmdExtensionFields = { ...noChip, providerId: 'CN=provider' };

function parse(extensions: readonly ExtraExtension[], subject = 'SEV-VCEK', signer = key): unknown {
  const fields = {
    serial: Uint8Array.of(1),
    subject,
    issuer: 'SEV-Genoa',
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS,
    isBare: true,
    extraExtensions: extensions,
  };
  return parseEndorsement(parseCertificate(writeCertificate(fields, signer, key)));
}
const without = (fields: AmdExtensionFields, suffix: string): readonly ExtraExtension[] =>
  writeAmdExtensions(fields).filter(({ oid }) => oid !== `${AMD}.${suffix}`);
const withValue = (
  fields: AmdExtensionFields,
  suffix: string,
  value: Uint8Array,
): readonly ExtraExtension[] => [...without(fields, suffix), { oid: `${AMD}.${suffix}`, value }];

describe('parseEndorsement', () => {
  it('reads a VCEK, a VCEK of Turin and a VLEK', () => {
    expect(parse(writeAmdExtensions(vcek))).toEqual({
      kind: 'vcek',
      product: 'genoa',
      tcb: { bootloader: 10, tee: 1, snp: 24, microcode: 219 },
      chipId: hardwareId,
      providerId: undefined,
    });
    expect(parse(writeAmdExtensions(turin))).toEqual({
      kind: 'vcek',
      product: 'turin',
      tcb: { bootloader: 10, tee: 1, snp: 24, microcode: 219, fmc: 2 },
      chipId: Uint8Array.of(...hardwareId.subarray(0, 8), ...new Uint8Array(56)),
      providerId: undefined,
    });
    expect(parse(writeAmdExtensions(vlek), 'SEV-VLEK')).toEqual({
      kind: 'vlek',
      product: 'genoa',
      tcb: { bootloader: 10, tee: 1, snp: 24, microcode: 219 },
      chipId: undefined,
      providerId: 'CN=provider',
    });
  });

  it('reads the hardware id bare or as an OCTET STRING', () => {
    const wrapped = withValue(vcek, '4', derElement(4, hardwareId));
    expect(parse(wrapped)).toEqual(parse(writeAmdExtensions(vcek)));
    const wrappedTurin = withValue(turin, '4', derElement(4, hardwareId.subarray(0, 8)));
    expect(parse(wrappedTurin)).toEqual(parse(writeAmdExtensions(turin)));
  });

  it.each([
    ['1', 'struct version'],
    ['2', 'product name'],
    ['3.1', 'blSPL'],
    ['3.2', 'teeSPL'],
    ['3.3', 'snpSPL'],
    ['3.8', 'ucodeSPL'],
    ['4', 'hardware id'],
  ])('requires extension %s (%s)', (suffix, field) => {
    expect(() => parse(without(vcek, suffix))).toThrow(`${field} is missing`);
  });
  it('requires the FMC of a Turin and the provider of a VLEK', () => {
    expect(() => parse(without(turin, '3.9'))).toThrow('fmcSPL is missing');
    expect(() => parse(without(vlek, '5'), 'SEV-VLEK')).toThrow('provider id is missing');
  });

  const ia5 = (text: string): Uint8Array => derElement(0x16, encodeUtf8(text));
  const cases: readonly (readonly [string, readonly ExtraExtension[], RegExp])[] = [
    ['unknown product', withValue(vcek, '2', ia5('Rome')), /product Rome is not known/],
    ['product with control characters', withValue(vcek, '2', ia5('Genoa\n')), /not printable/],
    ['empty product', withValue(vcek, '2', ia5('')), /not printable/],
    [
      'product as UTF8String',
      withValue(vcek, '2', derElement(0x0c, encodeUtf8('Genoa'))),
      /expected product name/,
    ],
    ['byte after the product', withValue(vcek, '2', Uint8Array.of(...ia5('Genoa'), 0)), /unexplained/],
    [
      'struct version of Turin on Genoa',
      withValue(vcek, '1', derInteger(1)),
      /struct version is 1, expected 0/,
    ],
    [
      'struct version of Genoa on Turin',
      withValue(turin, '1', derInteger(0)),
      /struct version is 0, expected 1/,
    ],
    ['FMC on Genoa', withValue(vcek, '3.9', derInteger(0)), /FMC/],
    ['SPL of 256', withValue(vcek, '3.8', derInteger(256)), /larger than 255/],
    ['negative SPL', withValue(vcek, '3.8', Uint8Array.of(2, 1, 0xd9)), /negative/],
    ['byte after an SPL', withValue(vcek, '3.1', Uint8Array.of(2, 1, 1, 0)), /unexplained/],
    ...[4, 5, 6, 7].map((spl): (typeof cases)[number] => [
      `reserved SPL ${spl}`,
      withValue(vcek, `3.${spl}`, derInteger(1)),
      /reserved SPL .* is not zero/,
    ]),
    ['hardware id of 63 bytes', withValue(vcek, '4', hardwareId.subarray(1)), /63 bytes, expected 64/],
    ['hardware id of 64 bytes on Turin', withValue(turin, '4', hardwareId), /64 bytes, expected 8/],
    [
      'hardware id in another element',
      withValue(vcek, '4', derElement(3, hardwareId)),
      /66 bytes, expected 64/,
    ],
    [
      'hardware id with a lying length',
      withValue(vcek, '4', Uint8Array.of(4, 63, ...hardwareId)),
      /66 bytes/,
    ],
    [
      'provider of a VCEK',
      [...writeAmdExtensions(vcek), { oid: `${AMD}.5`, value: ia5('CN=x') }],
      /VCEK has extension/,
    ],
    [
      'unknown extension of AMD',
      [...writeAmdExtensions(vcek), { oid: `${AMD}.6`, value: ia5('x') }],
      /not known/,
    ],
    ['unknown SPL', [...writeAmdExtensions(vcek), { oid: `${AMD}.3.10`, value: derInteger(0) }], /not known/],
  ];
  it.each(cases)('refuses: %s', (_what, extensions, problem) => {
    expect(() => parse(extensions)).toThrow(problem);
  });

  it('refuses the chip of a VLEK', () => {
    expect(() => parse(writeAmdExtensions({ ...vlek, hardwareId }), 'SEV-VLEK')).toThrow(
      'VLEK has extension',
    );
  });
  it.each(['', 'SEV-Genoa', 'SEV-VCEK2', 'sev-vcek'])('refuses common name %j', (subject) => {
    expect(() => parse(writeAmdExtensions(vcek), subject)).toThrow('not SEV-VCEK or SEV-VLEK');
  });
  it.each(['ecdsa-sha256', 'rsa-pss-sha384'] as const)('refuses a key for %s', (algorithm) => {
    expect(() => parse(writeAmdExtensions(vcek), 'SEV-VCEK', createSigningKey(algorithm))).toThrow(
      'not on P-384',
    );
  });
  it('passes over extensions that are not AMD’s and not critical', () => {
    const other = { oid: '1.3.6.1.4.1.3704.2', value: Uint8Array.of(0) };
    expect(() => parse([...writeAmdExtensions(vcek), other])).not.toThrow();
    expect(() => parse([...writeAmdExtensions(vcek), { ...other, critical: true }])).toThrow('critical');
  });
});

it.each([
  ['Milan', 'milan'],
  ['Milan-B0', 'milan'],
  ['Genoa', 'genoa'],
  ['Genoa-B1', 'genoa'],
  ['Siena', 'genoa'],
  ['Turin', 'turin'],
  ['Turin-B1', 'turin'],
  ['Turin-', undefined],
  ['Turin-B11', undefined],
  ['xTurin', undefined],
  ['Naples', undefined],
])('product name %s is %s', (name, product) => {
  expect(productOfName(name)).toBe(product);
});
