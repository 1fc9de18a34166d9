import { defaultPolicy, prepareSnpCollateral, type SnpEvidence, verifyEvidence } from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import {
  createAmdKeys,
  createSigningKey,
  createSimulatedAmdVendor,
  issueSimulatedSnpCollateral,
  signSimulatedSnpReport,
  toPem,
} from '@dcml/testing';
import type { Benchmark } from '../benchmark.ts';
import { cpuMicrosOf } from '../median.ts';

const nowMs = Date.parse('2026-11-01T12:00:00Z');
const RSA_BITS = 4096;

/** Milliseconds from call to verdict: the median of 7 rounds of 100. */
async function wallMillisOf(work: () => Promise<unknown>): Promise<number> {
  const samples: number[] = [];
  for (let round = 0; round < 8; round++) {
    const started = performance.now();
    for (let i = 0; i < 100; i++) await work();
    if (round > 0) samples.push((performance.now() - started) / 100);
  }
  return samples.toSorted((a, b) => a - b)[3]!;
}

export const benchmark: Benchmark = {
  name: 'snp-verify',
  method:
    'Full verification of a simulated SEV-SNP report v5 of Genoa under a VCEK with keys of the real sizes (RSA 4096, ' +
    'P-384) and a CRL, all claims judged; time per verdict, one after the other, medians of 7 rounds of 100. ' +
    'prepared: collateral through prepareSnpCollateral, so that only the report is verified again. fresh: collateral ' +
    'as it comes from AMD, the issuer chain seen before',
  run: async () => {
    const keys = {
      ...createAmdKeys(),
      root: createSigningKey('rsa-pss-sha384', RSA_BITS),
      ca: createSigningKey('rsa-pss-sha384', RSA_BITS),
    };
    const vendor = createSimulatedAmdVendor({ random: systemRandom, nowMs, keys });
    const reportData = systemRandom.bytes(64);
    const fresh: SnpEvidence = {
      kind: 'snp',
      report: signSimulatedSnpReport(vendor, 5, { fields: { reportData } }),
      collateral: issueSimulatedSnpCollateral(vendor),
    };
    const prepared = { ...fresh, collateral: prepareSnpCollateral(fresh.collateral) };
    const root = { name: 'SIMULATED', kind: 'amd', certificatePem: toPem(vendor.certificates.root) } as const;
    const options = {
      policy: { ...defaultPolicy, roots: [root], composeHashes: null },
      expectedReportData: reportData,
      nowMs,
    };
    for (const evidence of [fresh, prepared]) {
      const { outcome } = await verifyEvidence(evidence, options);
      if (outcome !== 'pass') throw new Error(`the sample does not verify: ${outcome}`);
    }
    const verifyFresh = () => verifyEvidence(fresh, options);
    const verifyPrepared = () => verifyEvidence(prepared, options);
    return [
      { name: 'snp_verify_prepared', value: await wallMillisOf(verifyPrepared), unit: 'ms', atMost: 2 },
      {
        name: 'snp_verify_prepared_cpu',
        value: (await cpuMicrosOf(100, 7, verifyPrepared)) / 1000,
        unit: 'ms',
      },
      { name: 'snp_verify_fresh', value: await wallMillisOf(verifyFresh), unit: 'ms' },
      { name: 'snp_verify_fresh_cpu', value: (await cpuMicrosOf(100, 7, verifyFresh)) / 1000, unit: 'ms' },
    ];
  },
};
