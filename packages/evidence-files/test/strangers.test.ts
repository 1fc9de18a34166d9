import { concatBytes, encodeUtf8, systemRandom } from '@dcml/core';
import { detectEvidence, EvidenceFileError, inspectFile, readEvidenceFile } from '@dcml/evidence-files';
import { createSimulatedVendor, signSimulatedQuote } from '@dcml/testing';
import { soundEvidence } from '@dcml/testing/sound-evidence';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asFiles } from './evidence-as-files.ts';

// Whatever a stranger's file holds: it is recognized, or refused with a typed error, in bounded time.

const NOW_MS = Date.parse('2026-11-01T12:00:00Z');
const quote = signSimulatedQuote(createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS }));

function survive(bytes: Uint8Array): void {
  try {
    detectEvidence(bytes, NOW_MS);
    inspectFile(readEvidenceFile(bytes), NOW_MS);
  } catch (error) {
    expect(error).toBeInstanceOf(EvidenceFileError);
  }
}

const files = soundEvidence().flatMap(({ evidence }) => {
  const { evidence: file, collateral } = asFiles(evidence);
  return [file, ...Object.values(collateral)];
});

describe('strangers', () => {
  it('bytes and texts', () => {
    const words = [
      '{',
      '"',
      '-----BEGIN ',
      '-----END ',
      'QUOTE-----',
      '[',
      '0x',
      'eyJ.',
      '\\',
      '}',
      '<',
      '=',
      '\n',
    ];
    const text = fc
      .array(fc.constantFrom(...words), { maxLength: 40 })
      .map((parts) => encodeUtf8(parts.join('')));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 3000 }), text), (bytes) => {
        survive(bytes);
      }),
      { numRuns: 400 },
    );
  });

  it('JSON with the members of known bundles', () => {
    const names = [
      'quote',
      'event_log',
      'attestation',
      'evidence',
      'certificate',
      'intel_quote',
      'nvidia_payload',
      'message',
      'pcrs',
      'signature',
      'hcl_report',
      'tpm_quote',
      'td_quote',
      'api_version',
      'report',
      'receipt',
      'version',
      'tcbInfo',
      'tcb_info',
      'qe_identity',
      'pck_crl',
      'pck_crl_hex',
      'collateral',
      'rims',
      'ocsp_responses',
      'keys',
      'model_attestations',
      'gateway_attestation',
      'info',
      'workload_keyset',
      'evidence_list',
      'crl_hex',
    ];
    const leaf = fc.oneof(
      fc.constantFrom('', '00', '[]', '{}', 'AAAA', null, 1, true),
      fc.string({ maxLength: 8 }),
    );
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 8 }),
      ),
    }));
    fc.assert(
      fc.property(tree.value, (value) => {
        survive(encodeUtf8(JSON.stringify([value])));
        survive(encodeUtf8(JSON.stringify(value)));
      }),
      { numRuns: 400 },
    );
  });

  it('sound files, cut and changed', () => {
    const choice = fc.tuple(fc.constantFrom(...files), fc.nat(), fc.nat(255), fc.boolean());
    fc.assert(
      fc.property(choice, ([file, place, byte, isCut]) => {
        const at = place % file.length;
        const changed = Uint8Array.from(file);
        changed[at] = byte;
        survive(isCut ? file.subarray(0, at) : changed);
      }),
      { numRuns: 150 },
    );
  });

  it('takes time in proportion to the file', () => {
    const size = 512 << 10;
    const patterns = [
      '-----BEGIN A-----',
      '{"a":',
      '[',
      '"',
      '-----BEGIN A-----\n-----END ',
      '0x',
      'eyJ.',
      '0\u0600',
      '\\"',
    ];
    for (const pattern of patterns) {
      const start = performance.now();
      survive(encodeUtf8(pattern.repeat(size / pattern.length)));
      survive(
        encodeUtf8(
          `{"tcbInfo":"${pattern.replaceAll(/["\\]/g, '').repeat(size / pattern.length)}","signature":""}`,
        ),
      );
      expect(performance.now() - start, pattern).toBeLessThan(5000);
    }
    survive(concatBytes(quote, new Uint8Array(1 << 20)));
  });
});
