import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOcspDelegate, toPem } from '@dcml/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chainRevocation } from '../../src/ocsp/revocation.ts';
import { parseCertificate } from '../../src/x509/certificate.ts';
import { verifySignature } from '../../src/x509/verify-signature.ts';
import { hopper, NOW_MS, ocsp, vendor } from '../nvidia/simulated-devices.ts';

function hasOpenssl(): boolean {
  try {
    return execFileSync('openssl', ['version'], { encoding: 'utf8' }).startsWith('OpenSSL 3');
  } catch {
    return false;
  }
}
const isPresent = hasOpenssl();
if (!isPresent) console.warn('SKIPPED: no OpenSSL 3 to compare OCSP responses with');

describe.skipIf(!isPresent)('OCSP responses of OpenSSL', () => {
  let folder = '';
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): string =>
    execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  const issuer = vendor.provisioners.hopper;
  const delegate = createOcspDelegate(issuer, Date.now());
  const serial = Buffer.from(hopper.serials[1]).toString('hex').toUpperCase();

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dcml-ocsp-'));
    writeFileSync(path('issuer.pem'), toPem(issuer.der));
    writeFileSync(path('root.pem'), toPem(vendor.root.der) + toPem(vendor.ca.der));
    writeFileSync(path('device.pem'), toPem(hopper.chain[1]!));
    writeFileSync(path('delegate.pem'), toPem(delegate.der));
    writeFileSync(path('delegate.key'), delegate.key.signer.export({ type: 'pkcs8', format: 'pem' }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What OpenSSL's responder answers from its index file. */
  function answer(entry: string, hash: string): Uint8Array {
    writeFileSync(path('index.txt'), `${entry}\t${serial}\tunknown\t/CN=device\n`);
    openssl(
      'ocsp',
      `-${hash}`,
      '-issuer',
      'issuer.pem',
      '-cert',
      'device.pem',
      '-reqout',
      'request.der',
      '-no_nonce',
    );
    openssl(
      ...[
        'ocsp',
        '-index',
        'index.txt',
        '-CA',
        'issuer.pem',
        '-rsigner',
        'delegate.pem',
        '-rkey',
        'delegate.key',
      ],
      ...['-reqin', 'request.der', '-respout', 'response.der', '-ndays', '1', '-rmd', 'sha384'],
    );
    return new Uint8Array(readFileSync(path('response.der')));
  }

  const judge = (response: Uint8Array) =>
    chainRevocation(
      hopper.chain.map((der) => parseCertificate(der)),
      [response],
      { nowMs: Date.now(), maxAgeMs: 3_600_000, verify: verifySignature },
    );

  it.each(['sha1', 'sha256', 'sha384'])('are understood: good, %s', async (hash) => {
    const { problem, uncovered } = await judge(answer('V\t370101000000Z\t', hash));
    expect(problem).toBeUndefined();
    expect(uncovered.map(({ commonName }) => commonName)).not.toContain('GH100 A01 GSP BROM');
  });

  it('are understood: revoked, on hold', async () => {
    const { problem } = await judge(answer('R\t370101000000Z\t261001000000Z,certificateHold', 'sha1'));
    expect(problem).toMatch(/is revoked since 2026-10-01T00:00:00.000Z \(certificate hold\)$/);
  });

  it('and OpenSSL understands the simulated ones', () => {
    const about = ocsp(issuer, hopper.serials[1], { delegate: createOcspDelegate(issuer, NOW_MS) });
    writeFileSync(path('ours.der'), about);
    const text = openssl(
      ...[
        'ocsp',
        '-respin',
        'ours.der',
        '-issuer',
        'issuer.pem',
        '-cert',
        'device.pem',
        '-CAfile',
        'root.pem',
      ],
      ...[
        '-attime',
        String(NOW_MS / 1000),
        '-no_nonce',
        '-verify_other',
        'issuer.pem',
        '-validity_period',
        '100000000',
      ],
    );
    expect(text).toContain('device.pem: good');
  });
});
