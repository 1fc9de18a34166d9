import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  defaultPolicy,
  type EvidenceVerdict,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import { concatBytes, encodeUtf8, fromHex, toHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { failures } from './simulated-document.ts';

// Captured evidence of third parties lies beside the repository and is never part of it.
const samples =
  process.env['DCML_EVIDENCE'] ?? resolve(import.meta.dirname, '../../../../../shared/evidence');
const folder = join(samples, 'nitro');
const hasDocuments = existsSync(folder);
if (!hasDocuments)
  console.warn(`SKIPPED: no captured documents at ${folder}; set DCML_EVIDENCE to check real ones`);
const read = (name: string): Uint8Array =>
  name.endsWith('.pem') ? fromCertificate(name) : new Uint8Array(readFileSync(join(folder, name)));

/** The strict policy, but for the application: nobody pinned these images. */
const policy = { ...defaultPolicy, composeHashes: null };
const verify = (
  document: Uint8Array,
  time: string,
  options: Partial<VerifyEvidenceOptions> = {},
): Promise<EvidenceVerdict> =>
  verifyEvidence({ kind: 'nitro', document }, { policy, nowMs: Date.parse(time), ...options });

/** In the alternative names of a certificate, as hex before the first point: how its enclave shows it to TLS clients. */
function fromCertificate(name: string): Uint8Array {
  const names = new X509Certificate(readFileSync(join(folder, name))).subjectAltName ?? '';
  return fromHex(/DNS:([0-9a-f]{1000,})\./.exec(names)?.[1] ?? '');
}

const PRODUCTION = 'dstack-attest-nitro_attestation.cose';
const debug = ['not_debug: PCR0 is zero: the enclave runs under debug'];

/** File, time, the start of PCR0, and the claims that fail. */
const documents: readonly (readonly [string, string, string, readonly string[]])[] = [
  [PRODUCTION, '2025-12-25T16:04:19Z', 'eb7d0dab', []],
  ['dstack-attest-nitro_attestation_dbg.cose', '2025-12-25T08:20:46Z', '00000000', debug],
  ['evervault-valid-attestation-doc-bytes.cose', '2022-10-13T08:58:02Z', 'f4d48b81', []],
  ['evervault-valid-attestation-doc-base64.cose', '2023-09-18T15:03:30Z', '00000000', debug],
  [
    'evervault-non-debug-cert-containing-attestation-document-18-1-23.pem',
    '2023-01-18T13:07:19Z',
    'd265a83f',
    [],
  ],
];

describe.skipIf(!hasDocuments)('real Nitro documents', () => {
  it.each(documents)('%s at %s', async (name, time, pcr0, failed) => {
    const verdict = await verify(read(name), time);
    expect(failures(verdict)).toEqual(failed);
    expect(verdict.simulated).toBe(false);
    const { measured } = verdict;
    if (measured?.kind !== 'nitro') throw new Error('nothing was measured');
    expect(measured.pcrs['0']?.startsWith(pcr0)).toBe(true);
    expect(Object.keys(measured.pcrs)).toHaveLength(16);
    expect(measured.moduleId).toMatch(/^i-[0-9a-f]{17}-enc[0-9a-f]{16}$/);
    // With what it binds, the verdict is complete.
    const expectedReportData = fromHex(measured.reportData ?? '');
    const bound = await verify(read(name), time, { expectedReportData });
    expect(bound.outcome).toBe(failed.length === 0 ? 'pass' : 'fail');
  });

  it('hold for the three hours of their certificate and the age that the policy permits', async () => {
    const document = read(PRODUCTION);
    expect(failures(await verify(document, '2025-12-25T19:04:19Z'))).toEqual([]);
    expect(failures(await verify(document, '2025-12-25T19:04:23Z'))).toEqual([
      expect.stringMatching(/^certificate_chain: .*valid from/),
    ]);
    const young = { policy: { ...policy, maxEvidenceAgeSeconds: 60 } };
    expect(failures(await verify(document, '2025-12-25T16:06:00Z', young))).toEqual([
      expect.stringMatching(/^document_fresh: /),
    ]);
  });

  it('are refused with the payload or the signature of another', async () => {
    const [first, second] = [read(PRODUCTION), read('evervault-valid-attestation-doc-bytes.cose')];
    for (const [name, time] of documents) {
      const document = read(name);
      for (const other of [first, second]) {
        if (toHex(other) === toHex(document)) continue;
        const mixed = concatBytes(document.slice(0, -96), other.slice(-96));
        expect(failures(await verify(mixed, time))).toEqual([
          'document_signature: signature over the document is wrong',
        ]);
      }
    }
  });

  it('base-hinted.b64 lacks three bytes in a member name: refused; with them back, a sound document', async () => {
    const captured = Uint8Array.from(
      Buffer.from(readFileSync(join(folder, 'base-hinted.b64'), 'utf8'), 'base64'),
    );
    expect(toHex(read('base-hinted.cose'))).toBe(toHex(captured));
    const time = '2026-01-03T20:41:07Z';
    expect(failures(await verify(captured, time))).toEqual([
      'document_format: Nitro document: expected signature (bytes) at offset 4384',
    ]);
    // A text of 10 bytes, `public_key`, of which `ic_` is not there: every length after it lies.
    const at = Buffer.from(captured).indexOf('jpublkey') + 'jpubl'.length;
    const repaired = concatBytes(captured.slice(0, at), encodeUtf8('ic_'), captured.slice(at));
    const verdict = await verify(repaired, time, {
      expectedReportData: fromHex('69553adc61d6e9fcdecbe1ea49bb2b52a60238e0'),
    });
    expect(failures(verdict)).toEqual([]);
    expect(verdict.outcome).toBe('pass');
  });
});
