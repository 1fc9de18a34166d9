import type { NvidiaDeviceEvidence } from '@dcml/attest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceOf, hopper, NOW_MS, nonce, policy, verifyDevices, withNvidia } from './simulated-devices.ts';

const seed = fc.readConfigureGlobal().seed ?? 0;
// What is mutated here stands for itself: manifests and OCSP responses have their own tests.
const relaxed = withNvidia({ requireRims: false, requireOcsp: false });
const sound: NvidiaDeviceEvidence = evidenceOf(hopper, { evidence: { ocspResponses: [] } });
const STEP = 16;

async function accepted(evidence: NvidiaDeviceEvidence): Promise<boolean> {
  const verdict = await verifyDevices([evidence], { policy: relaxed }, []);
  expect(verdict.claims.length).toBeGreaterThan(0);
  return verdict.outcome === 'pass';
}

/** Every 16th place, beginning at another one in each run. */
const places = (length: number): number[] =>
  Array.from({ length: Math.floor(length / STEP) }, (_, i) => (Math.abs(seed) % STEP) + i * STEP);

describe('mutations of one device', () => {
  it('start from evidence that is accepted', async () => {
    expect(await accepted(sound)).toBe(true);
  });

  it('of the report are refused: flipped bits', async () => {
    for (const at of places(sound.report.length)) {
      const report = Uint8Array.from(sound.report);
      report[at]! ^= 1 << (at % 8);
      expect(await accepted({ ...sound, report }), `bit ${at % 8} of byte ${at}`).toBe(false);
    }
  });

  it('of the chain are refused: other letters', async () => {
    const pem = sound.certificateChainPem;
    for (const at of places(pem.length)) {
      const letter = pem[at] === 'A' ? 'B' : 'A';
      const certificateChainPem = pem.slice(0, at) + letter + pem.slice(at + 1);
      expect(await accepted({ ...sound, certificateChainPem }), `letter ${at}`).toBe(false);
    }
  });

  it('of the chain are refused: flipped bits in each certificate', async () => {
    const { toPem } = await import('@dcml/testing');
    for (const [i, der] of hopper.chain.entries()) {
      for (const at of places(der.length)) {
        const flipped = Uint8Array.from(der);
        flipped[at]! ^= 1 << (at % 8);
        const chain = hopper.chain.map((one, k) => toPem(k === i ? flipped : one));
        expect(
          await accepted({ ...sound, certificateChainPem: chain.join('') }),
          `certificate ${i}, byte ${at}`,
        ).toBe(false);
      }
    }
  });

  it('by cuts and splices are refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(sound.report.length - 1),
        fc.nat(sound.report.length - 1),
        fc.uint8Array({ maxLength: 8 }),
        async (a, b, bytes) => {
          const [from, to] = [Math.min(a, b), Math.max(a, b)];
          const report = Uint8Array.from([
            ...sound.report.subarray(0, from),
            ...bytes,
            ...sound.report.subarray(to),
          ]);
          fc.pre(report.join() !== sound.report.join());
          expect(await accepted({ ...sound, report })).toBe(false);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('cannot come from what an earlier verification remembered', async () => {
    const other = evidenceOf(hopper, { evidence: { ocspResponses: [] }, nonce: new Uint8Array(32) });
    expect(await accepted(sound)).toBe(true);
    const forged = Uint8Array.from(sound.report);
    forged.set(other.report.slice(-96), forged.length - 96);
    expect(await accepted({ ...sound, report: forged })).toBe(false);
    const later = await verifyDevices([sound], {
      policy,
      nowMs: NOW_MS + 20 * 365 * 86_400_000,
      expectedReportData: nonce,
    });
    expect(later.outcome).toBe('fail');
  });
});
