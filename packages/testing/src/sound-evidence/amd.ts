import { type AmdProduct, defaultPolicy, type EndorsementKind } from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import type { SoundEvidence } from '../mutation/try-mutations.ts';
import { toPem } from '../tee/certificate-writer.ts';
import { type AmdKeys, createAmdKeys, createSimulatedAmdVendor } from '../tee/snp/simulated-amd-vendor.ts';
import { issueSimulatedSnpCollateral } from '../tee/snp/simulated-snp-collateral.ts';
import { signSimulatedSnpReport } from '../tee/snp/simulated-snp-report.ts';
import { soundNowMs, soundReportData } from './moment.ts';

function snp(
  keys: AmdKeys,
  product: AmdProduct,
  endorsement: EndorsementKind,
  version: number,
): SoundEvidence {
  const vendor = createSimulatedAmdVendor({
    random: systemRandom,
    nowMs: soundNowMs,
    keys,
    product,
    endorsement,
  });
  const root = {
    name: 'SIMULATED',
    kind: 'amd',
    certificatePem: toPem(vendor.certificates.root),
  } as const;
  return {
    name: `snp v${version}, ${product}, ${endorsement}`,
    evidence: {
      kind: 'snp',
      report: signSimulatedSnpReport(vendor, version, { fields: { reportData: soundReportData } }),
      collateral: issueSimulatedSnpCollateral(vendor),
    },
    options: {
      policy: {
        ...defaultPolicy,
        roots: [root],
        composeHashes: null,
        amd: { ...defaultPolicy.amd, products: ['milan', 'genoa', 'turin'] },
      },
      expectedReportData: soundReportData,
      nowMs: soundNowMs,
    },
  };
}

export function soundAmd(): SoundEvidence[] {
  // RSA keys take long to find: one set for all.
  const keys = createAmdKeys();
  return [
    snp(keys, 'milan', 'vcek', 2),
    snp(keys, 'genoa', 'vlek', 3),
    snp(keys, 'genoa', 'vcek', 4),
    snp(keys, 'turin', 'vcek', 5),
  ];
}
