import { X509Certificate } from 'node:crypto';
import { equalBytes, fromHex, systemRandom, toHex } from '@dcml/core';
import {
  derBoolean,
  derExplicit,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  vendorRoles,
  writeCertificate,
  writeCrl,
} from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { parsePckIdentity } from '../../src/intel/sgx-extension.ts';
import { intelSgxRootCaPem } from '../../src/vendor-roots/intel.ts';
import { isVendorRoot } from '../../src/vendor-roots/vendor-roots.ts';
import { parseCertificate } from '../../src/x509/certificate.ts';
import { parseCrl } from '../../src/x509/crl.ts';
import { DerReader } from '../../src/x509/der-reader.ts';
import { readExtensions } from '../../src/x509/extensions.ts';
import { encodePem, parsePemCertificates } from '../../src/x509/pem.ts';
import { ecPublicKey } from '../../src/x509/public-key.ts';
import { verifySignature } from '../../src/x509/verify-signature.ts';
import { NOW_MS, platform } from '../simulated-evidence.ts';

const { vendor } = platform;
const refusal = { code: 'ATTEST_FORMAT' };

describe('parseCertificate', () => {
  it.each(vendorRoles)('reads the %s certificate as node:crypto does', (role) => {
    const der = vendor.certificates[role];
    const certificate = parseCertificate(der);
    const oracle = new X509Certificate(der);
    expect(certificate.serial.replace(/^00/, '')).toBe(oracle.serialNumber.toLowerCase());
    expect(certificate.notBeforeMs).toBe(oracle.validFromDate.getTime());
    expect(certificate.notAfterMs).toBe(oracle.validToDate.getTime());
    expect(certificate.isCa).toBe(oracle.ca);
    expect(oracle.subject).toContain(`CN=${certificate.commonName}`);
    const spki = oracle.publicKey.export({ type: 'spki', format: 'der' });
    expect(certificate.publicKey).toEqual({
      type: 'ec',
      curve: 'P-256',
      point: Uint8Array.from(spki.subarray(-65)),
    });
  });

  it('reads the built-in Intel root, whose fingerprint is the published one', async () => {
    const [der] = parsePemCertificates(intelSgxRootCaPem, 'root', 1);
    const root = parseCertificate(der!);
    expect(root.commonName).toBe('Intel SGX Root CA');
    expect(root.pathLength).toBe(1);
    expect(isVendorRoot(der!, 'intel')).toBe(true);
    expect(isVendorRoot(vendor.certificates.root, 'intel')).toBe(false);
    expect(equalBytes(root.issuer, root.subject)).toBe(true);
    expect(await verifySignature(root.publicKey, 'ecdsa-sha256', root.signature, root.signedBytes)).toBe(
      true,
    );
  });

  it('refuses every truncation and a byte too many', () => {
    const der = vendor.certificates.pck;
    for (let length = 0; length < der.length; length++) {
      expect(() => parseCertificate(der.slice(0, length))).toThrow(expect.objectContaining(refusal));
    }
    expect(() => parseCertificate(Uint8Array.of(...der, 0))).toThrow(expect.objectContaining(refusal));
    expect(() => parseCertificate(new Uint8Array(9000))).toThrow('longer than 8192');
  });

  it('refuses or reads, but never breaks on, every flipped byte', () => {
    const der = vendor.certificates.pck;
    for (let i = 0; i < der.length; i++) {
      const flipped = Uint8Array.from(der);
      flipped[i] = flipped[i]! ^ (1 << (i % 8));
      try {
        const certificate = parseCertificate(flipped);
        expect(toHex(certificate.der)).toBe(toHex(flipped));
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(?:ATTEST|CORE)_/) });
      }
    }
  });

  it('refuses negative and oversized serial numbers', () => {
    const write = (serial: Uint8Array): Uint8Array =>
      writeCertificate(
        { serial, subject: 'a', issuer: 'b', notBeforeMs: NOW_MS, notAfterMs: NOW_MS },
        vendor.keys.pck,
        vendor.keys.pckCa,
      );
    expect(() => parseCertificate(write(new Uint8Array(22).fill(1)))).toThrow('longer than 20 bytes');
  });
});

describe('readExtensions', () => {
  const extension = (oid: string, ...critical: Uint8Array[]): Uint8Array =>
    derSequence(derOid(oid), ...critical, derOctetString(new Uint8Array(1)));
  const read = (...list: Uint8Array[]) =>
    readExtensions(new DerReader(derSequence(...list), 'test'), ['1.2.3']);

  it('refuses duplicates, an empty list and critical ones that it does not understand', () => {
    expect(read(extension('1.2.3', derBoolean(true)), extension('1.2.4')).size).toBe(2);
    expect(() => read(extension('1.2.4', derBoolean(true)))).toThrow('critical extension 1.2.4');
    expect(() => read(extension('1.2.4'), extension('1.2.4'))).toThrow('comes twice');
    expect(() => read()).toThrow('extensions are empty');
  });
});

describe('parsePckIdentity', () => {
  it('reads what the PCK certificate says of the platform', () => {
    expect(parsePckIdentity(parseCertificate(vendor.certificates.pck))).toEqual({
      ppid: toHex(vendor.platform.ppid),
      components: Array.from(vendor.platform.cpuSvn),
      pceSvn: 11,
      pceId: '0000',
      fmspc: 'ffd000000000',
    });
  });

  const field = (suffix: string, value: Uint8Array): Uint8Array =>
    derSequence(derOid(`1.2.840.113741.1.13.1.${suffix}`), value);
  it.each([
    ['a missing field', derSequence(), 'TCB is missing'],
    ['a duplicate field', derSequence(field('4', derInteger(1)), field('4', derInteger(1))), 'comes twice'],
    ['a foreign field', derSequence(derSequence(derOid('1.2.3'), derInteger(1))), 'unexpected SGX field'],
    [
      'a missing component',
      derSequence(field('2', derSequence()), field('1', derOctetString(new Uint8Array(16)))),
      'TCB component 1 is missing',
    ],
    [
      'a short PPID',
      derSequence(field('2', derSequence()), field('1', derOctetString(new Uint8Array(15)))),
      'expected 16',
    ],
  ])('refuses %s', (_what, sgxExtension, message) => {
    const der = writeCertificate(
      {
        serial: Uint8Array.of(1),
        subject: 'a',
        issuer: 'b',
        notBeforeMs: NOW_MS,
        notAfterMs: NOW_MS,
        sgxExtension,
      },
      vendor.keys.pck,
      vendor.keys.pckCa,
    );
    expect(() => parsePckIdentity(parseCertificate(der))).toThrow(message);
  });
});

describe('parseCrl', () => {
  const fields = { issuer: 'a', thisUpdateMs: NOW_MS, nextUpdateMs: NOW_MS + 1000 };
  const revokedSerials = [Uint8Array.of(1), fromHex('80ff'), systemRandom.bytes(20)];

  it('reads window and serial numbers, high bits included', () => {
    const crl = parseCrl(writeCrl({ ...fields, revokedSerials }, vendor.keys.root));
    expect(crl.thisUpdateMs).toBe(NOW_MS);
    expect(crl.nextUpdateMs).toBe(NOW_MS + 1000);
    expect(crl.revokedSerials.has('01')).toBe(true);
    expect(crl.revokedSerials.has('0080ff')).toBe(true);
    expect(crl.revokedSerials.size).toBe(3);
    expect(parseCrl(writeCrl({ ...fields, revokedSerials: [] }, vendor.keys.root)).revokedSerials.size).toBe(
      0,
    );
  });

  it('refuses every truncation', () => {
    const der = writeCrl({ ...fields, revokedSerials }, vendor.keys.root);
    for (let length = 0; length < der.length; length++) {
      expect(() => parseCrl(der.slice(0, length))).toThrow(expect.objectContaining(refusal));
    }
  });

  it('refuses a certificate in the place of a CRL', () => {
    expect(() => parseCrl(vendor.certificates.root)).toThrow(expect.objectContaining(refusal));
    expect(() => parseCrl(derSequence(derExplicit(0, derInteger(1))))).toThrow(
      expect.objectContaining(refusal),
    );
  });
});

describe('parsePemCertificates', () => {
  const der = vendor.certificates.root;
  const pem = encodePem(der);

  it('reads one text per list, the last line feed apart', () => {
    expect(parsePemCertificates(pem + pem, 'test', 2)).toEqual(
      [der, der].map((bytes) => Uint8Array.from(bytes)),
    );
    expect(parsePemCertificates(pem.trimEnd(), 'test', 1)).toHaveLength(1);
  });

  it.each([
    ['carriage returns', pem.replaceAll('\n', '\r\n')],
    ['nothing', ''],
    ['leading text', ` ${pem}`],
    ['trailing text', `${pem} `],
    [
      'one long line',
      `-----BEGIN CERTIFICATE-----\n${pem.split('\n').slice(1, -2).join('')}\n-----END CERTIFICATE-----\n`,
    ],
    ['an empty line', pem.replace('\n', '\n\n')],
    ['no end', pem.slice(0, -20)],
    ['characters that are not base64', pem.replace('MII', 'M I')],
    ['more than the limit', pem + pem],
  ])('refuses %s', (_what, text) => {
    expect(() => parsePemCertificates(text, 'test', 1)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(?:ATTEST_FORMAT|CORE_ENCODING)$/) }),
    );
  });
});

describe('verifySignature', () => {
  const message = new Uint8Array(1);
  const { point } = vendor.keys.pck;

  it('refuses a key that is no point of the curve, and zero signatures', async () => {
    const nowhere = ecPublicKey('P-256', new Uint8Array(64).fill(1));
    expect(await verifySignature(nowhere, 'ecdsa-sha256', new Uint8Array(64), message)).toBe(false);
    const key = ecPublicKey('P-256', point.subarray(1));
    expect(await verifySignature(key, 'ecdsa-sha256', new Uint8Array(64), message)).toBe(false);
    expect(await verifySignature(key, 'ecdsa-sha256', new Uint8Array(63), message)).toBe(false);
  });

  it('verifies nothing with an algorithm of another type of key', async () => {
    const key = ecPublicKey('P-256', point.subarray(1));
    expect(await verifySignature(key, 'rsa-sha256', new Uint8Array(64), message)).toBe(false);
  });
});
