import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCertificate } from '@dcml/attest';
import { createNvidiaVendor } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { encodeOcspRequest } from '../../src/nvidia/ocsp-request.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { requestedSerial } from './fake-nvidia.ts';

const vendor = createNvidiaVendor({ nowMs: Date.parse('2026-06-01T12:00:00Z') });
const subject = parseCertificate(vendor.ca.der);
const issuer = parseCertificate(vendor.root.der);

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    console.warn('SKIPPED: no openssl to read OCSP requests with');
    return false;
  }
}

describe('OCSP request', () => {
  it('asks about the serial number', () => {
    expect(requestedSerial(encodeOcspRequest(subject, issuer))).toBe(subject.serial);
  });

  it.skipIf(!hasOpenssl())('is read by OpenSSL as it is meant', () => {
    const file = join(temporaryDirectory(), 'request.der');
    writeFileSync(file, encodeOcspRequest(subject, issuer));
    const text = execFileSync('openssl', ['ocsp', '-reqin', file, '-req_text'], {
      encoding: 'utf8',
    }).replaceAll('\\\n', '');
    const sha384 = (bytes: Uint8Array): string =>
      createHash('sha384').update(bytes).digest('hex').toUpperCase();
    expect(text).toContain('Hash Algorithm: sha384');
    expect(text).toContain(`Issuer Name Hash: ${sha384(issuer.subject)}`);
    expect(text).toContain(`Issuer Key Hash: ${sha384(vendor.root.key.spki.subarray(-97))}`);
    expect(text).toContain(`Serial Number: ${subject.serial.toUpperCase()}`);
  });
});
