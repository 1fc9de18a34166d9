import { systemRandom } from '@dcml/core';
import {
  createSigningKey,
  createSimulatedAmdVendor,
  createSimulatedVendor,
  simulatedAzureSnp,
  simulatedAzureTdx,
} from '@dcml/testing';
import { tryMutations } from '@dcml/testing/mutation';
import { describe, expect, it } from 'vitest';
import { makeSnp, makeTdx, NOW_MS, nonce, policy, verify } from './simulated-evidence.ts';

const seed = Number(process.env['DCML_SEED'] ?? 1);
/** A prime, so that every bit of a byte has its turn from seed to seed. */
const STEP = 13;
const phase = seed % STEP;
const HARDWARE = 32;
/** CPUSVN and MAC of the TD report, and the version of its form: only the processor that made it can check them. */
const uncheckable = (at: number): boolean => at === 2 || (at >= 16 && at < 32) || (at >= 224 && at < 256);

// Of other vendors and other keys: what is swapped in from them must not fit.
const stranger = createSigningKey('rsa-sha256');
const vendor = { random: systemRandom, nowMs: NOW_MS };

describe.each([
  ['azure-snp', makeSnp(), simulatedAzureSnp(createSimulatedAmdVendor(vendor), stranger)],
  ['azure-tdx', makeTdx(), simulatedAzureTdx(createSimulatedVendor(vendor), stranger)],
] as const)('mutations of %s evidence', (kind, sound, donor) => {
  it(`refuses a flipped bit in every ${STEP}th byte of the paravisor report`, async () => {
    const offsets = Array.from({ length: sound.hclReport.length }, (_, i) => i).filter(
      (i) => i % STEP === phase,
    );
    const accepted: number[] = [];
    for (let from = 0; from < offsets.length; from += 32) {
      await Promise.all(
        offsets.slice(from, from + 32).map(async (offset) => {
          const hclReport = Uint8Array.from(sound.hclReport);
          hclReport[offset] = hclReport[offset]! ^ (1 << (offset % 8));
          const verdict = await verify({ ...sound, hclReport });
          if (verdict.outcome !== 'fail') accepted.push(offset);
        }),
      );
    }
    const allowed = kind === 'azure-tdx' ? offsets.filter((offset) => uncheckable(offset - HARDWARE)) : [];
    expect(accepted.sort((a, b) => a - b)).toEqual(allowed);
  }, 30_000);

  it(`refuses 300 random mutations (seed ${seed})`, async () => {
    const options = { policy, expectedReportData: nonce, nowMs: NOW_MS };
    const count = await tryMutations({ name: kind, evidence: sound, options }, [donor], 300, seed);
    expect(count.wrong).toEqual([]);
    const fields = [...count.neutralFields.keys()].filter((field) => !field.startsWith('eventLog'));
    // The header's version (1 or 2) is signed by nobody, nor is what only the processor can check in a TD report.
    expect(fields.filter((field) => field !== 'hclReport')).toEqual([]);
  });
});
