import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ReadNvidiaRimResult, readRim, vendorRoots } from '@dcml/attest';
import { fromHex, toHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/x509/certificate.ts';
import { parsePemCertificates } from '../../../src/x509/pem.ts';
import { verifyWithXmlCrypto } from '../../xml/xml-crypto-oracle.ts';
import { hasXmlsec1 } from '../../xml/xmlsec1.ts';

// Captured evidence of third parties lies beside the repository and is never part of it.
const samples =
  process.env['DCML_EVIDENCE'] ?? resolve(import.meta.dirname, '../../../../../../shared/evidence');
const folder = join(samples, 'nvidia');
const hasRims = existsSync(folder);
if (!hasRims)
  console.warn(`SKIPPED: no captured manifests at ${folder}; set DCML_EVIDENCE to check real ones`);
const names = hasRims ? readdirSync(folder).filter((name) => /\.(?:swidtag|xml)$/.test(name)) : [];
const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
const roots = vendorRoots
  .filter(({ kind }) => kind === 'nvidia-rim')
  .flatMap(({ name, certificatePem }) => parsePemCertificates(certificatePem, name, 1))
  .map((der) => parseCertificate(der));
const readAt = (name: string, time: string): Promise<ReadNvidiaRimResult> =>
  readRim(text(name), { roots, nowMs: Date.parse(time) });

const THEN = '2024-06-01T00:00:00Z';
const tags = names.filter((name) => name.endsWith('.swidtag'));
const SWITCH = 'sdkut-switchVBIOSRim_NV_SWITCH_BIOS_5612_0002_890_9610550001.xml';
const VBIOS_MISMATCH = 'sdkut-rim-NV_GPU_VBIOS_1010_0200_882_96005E0001_measurement_mismatch.xml';
const PRODUCTION = 'nvtrust-1010_0200_882_96005E0001_PROD.swidtag';

/** Not the swidtags: file, time, and the id, or why it is refused. */
const others: readonly (readonly [name: string, time: string, result: string | RegExp])[] = [
  [VBIOS_MISMATCH, THEN, 'NV_GPU_VBIOS_GH100_96.00.5E.00.01'],
  ['sdkut-NV_GPU_DRIVER_GH100_550.144.03.xml', THEN, /valid from 2024-12-30/],
  ['sdkut-NV_GPU_DRIVER_GH100_550.144.03.xml', '2026-06-01', 'NV_GPU_DRIVER_GH100_550.144.03'],
  [SWITCH, THEN, /valid from 2026-05-20/],
  [SWITCH, '2026-11-01', 'NV_SWITCH_BIOS_LS10_96.10.55.00.01'],
  ['sdkut-incorrect_signature_driver_rim.xml', '2026-06-01', /signature is wrong/],
  ['sdkut-incorrect_cert_chain_driver_rim.xml', '2026-06-01', /Debug Only.*not a root of the policy/],
  [
    'sdkut-rim-NV_GPU_DRIVER_GH100_535.86.09_measurement_mismatch.xml',
    '2026-06-01',
    /digest of the document/,
  ],
  ['sdkut-rim-NV_GPU_DRIVER_GH100_570.124.03_expired.xml', '2026-06-01', /valid from 2025-01-01/],
  ['sdkut-rim-NV_GPU_DRIVER_GH100_570.124.03_expired.xml', '2025-01-01T12:00:00Z', /digest of the document/],
  [
    'sdkut-rim-NV_SWITCH_BIOS_5612_0002_890_9610550001_invalid_signature.xml',
    '2025-06-01',
    /digest of the document/,
  ],
  [
    'sdkut-rim-NV_SWITCH_BIOS_5612_0002_890_9610550001_measurement_mismatch.xml',
    '2025-06-01',
    /digest of the document/,
  ],
];

/** Measurements of a report: blocks of `index 1, specification 1, size 2` and in them `type 1, size 2, value`. */
function reportedMeasurements(name: string): Map<number, string> {
  const report = fromHex(readFileSync(join(folder, name), 'utf8').trim().toLowerCase());
  // Behind the request of 37 bytes: 4 of header, the number of blocks, 3 of length.
  const count = report[37 + 4]!;
  const values = new Map<number, string>();
  for (let at = 37 + 8, i = 0; i < count; i++) {
    const size = report[at + 5]! + 256 * report[at + 6]!;
    values.set(report[at]!, toHex(report.subarray(at + 7, at + 7 + size)));
    at += 7 + size;
  }
  return values;
}

describe.skipIf(!hasRims)('real manifests of NVIDIA', () => {
  it('has all of them', () => {
    expect(tags).toHaveLength(26);
    expect(names.filter((name) => !tags.includes(name)).sort()).toEqual(
      [...new Set(others.map(([name]) => name))].sort(),
    );
  });

  it.each(tags)('%s is read in 2024 and expired in 2026', async (name) => {
    const { rim, problem, certificates } = await readAt(name, THEN);
    expect(problem).toBeUndefined();
    expect(certificates).toHaveLength(4);
    const isDriver = name.includes('Driver');
    expect(rim).toMatchObject({ kind: isDriver ? 'driver' : 'vbios', product: 'GH100', edition: 'GPU' });
    const version = /_([0-9A-F]{10})_(?:PROD|test)/.exec(name)?.[1];
    expect(rim?.version.replaceAll('.', '')).toBe(isDriver ? '54500' : version);
    const active = rim?.measurements.filter((measurement) => measurement.active);
    expect(rim?.measurements).toHaveLength(64);
    expect(active).toHaveLength(isDriver ? 21 : 12);
    expect((await readAt(name, '2026-06-01')).problem).toMatch(/signer: .*valid from 2023/);
  });

  it.each(others)('%s at %s: %s', async (name, time, result) => {
    const { rim, problem } = await readAt(name, time);
    if (typeof result === 'string') {
      expect(problem).toBeUndefined();
      expect(rim?.id).toBe(result);
    } else {
      expect(problem).toMatch(result);
      expect(rim).toBeUndefined();
    }
  });

  it('the VBIOS manifest has what the sample report measured, 12 of 12; the changed one differs in number 9', async () => {
    const reported = reportedMeasurements('sdkut-sample-hopperAttestationReport.txt');
    const differences = async (name: string): Promise<number[]> => {
      const { rim } = await readAt(name, THEN);
      const active = rim?.measurements.filter((measurement) => measurement.active) ?? [];
      expect(active).toHaveLength(12);
      // Blocks count from one.
      return active
        .filter(({ index, values }) => !values.includes(reported.get(index + 1) ?? ''))
        .map(({ index }) => index);
    };
    expect(await differences(PRODUCTION)).toEqual([]);
    expect(await differences(VBIOS_MISMATCH)).toEqual([9]);
  });

  it('xml-crypto and xmlsec1 say the same of every signature', async () => {
    const verdicts = await Promise.all(
      names.map(async (name) => {
        const { certificates } = await readAt(name, THEN);
        const [leaf] = certificates;
        // Ours, without judging the chain: the chain of the file is its own root.
        const last = certificates.at(-1);
        const nowMs = leaf === undefined ? 0 : leaf.notBeforeMs + 86_400_000;
        const own = await readRim(text(name), { roots: last === undefined ? [] : [last], nowMs });
        const key = new X509Certificate(leaf?.der ?? new Uint8Array()).publicKey;
        const pem = key.export({ type: 'spki', format: 'pem' }).toString();
        return { name, own, ours: own.rim !== undefined, xmlCrypto: verifyWithXmlCrypto(text(name), pem) };
      }),
    );
    for (const { name, own, ours, xmlCrypto } of verdicts) {
      // A chain of signer and self-signed root in which the root did not issue the signer.
      const isForeign = name === 'sdkut-incorrect_cert_chain_driver_rim.xml';
      if (isForeign) expect(own.problem).toMatch(/names another issuer/);
      else expect(ours, name).toBe(xmlCrypto);
      if (!hasXmlsec1) continue;
      const args = ['--verify', '--insecure', '--enabled-key-data', 'x509', join(folder, name)];
      let xmlsec1 = true;
      try {
        execFileSync('xmlsec1', args, { stdio: 'pipe', timeout: 10_000 });
      } catch {
        xmlsec1 = false;
      }
      expect(xmlsec1, name).toBe(xmlCrypto);
    }
    expect(verdicts.filter(({ xmlCrypto }) => xmlCrypto)).toHaveLength(30);
  });
});
