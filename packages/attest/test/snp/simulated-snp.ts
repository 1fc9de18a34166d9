import {
  type AmdPolicy,
  type AmdProduct,
  defaultPolicy,
  type EndorsementKind,
  type EvidencePolicy,
  type EvidenceVerdict,
  type SnpEvidence,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import {
  type AmdKeys,
  type AmdVendorOptions,
  createAmdKeys,
  createSimulatedAmdVendor,
  issueSimulatedSnpCollateral,
  type SimulatedAmdVendor,
  type SimulatedSnpCollateralOptions,
  type SimulatedSnpReportOptions,
  signSimulatedSnpReport,
  toPem,
} from '@dcml/testing';

export const NOW_MS: number = Date.parse('2026-11-01T12:00:00Z');
export const reportData: Uint8Array = Uint8Array.from({ length: 64 }, (_, i) => i + 1);

/** RSA keys take long to find: one set for all vendors of a test file. */
const keys: AmdKeys = createAmdKeys();

export const createVendor = (options: Partial<AmdVendorOptions> = {}): SimulatedAmdVendor =>
  createSimulatedAmdVendor({ random: systemRandom, nowMs: NOW_MS, keys, ...options });

const vendors = new Map<string, SimulatedAmdVendor>();

/** The sound vendor of a product line and kind of key. */
export function vendorOf(product: AmdProduct, endorsement: EndorsementKind = 'vcek'): SimulatedAmdVendor {
  const name = `${product} ${endorsement}`;
  const vendor = vendors.get(name) ?? createVendor({ product, endorsement });
  vendors.set(name, vendor);
  return vendor;
}

export const genoa: SimulatedAmdVendor = vendorOf('genoa');

/** The strict policy, but for the root of `vendor` and any application. */
export function policyFor(vendor: SimulatedAmdVendor, amd: Partial<AmdPolicy> = {}): EvidencePolicy {
  const root = { name: 'simulated', kind: 'amd', certificatePem: toPem(vendor.certificates.root) } as const;
  return {
    ...defaultPolicy,
    roots: [root],
    composeHashes: null,
    amd: { ...defaultPolicy.amd, products: ['milan', 'genoa', 'turin'], ...amd },
  };
}

export interface Deviation {
  readonly vendor?: SimulatedAmdVendor;
  readonly version?: number;
  readonly report?: SimulatedSnpReportOptions;
  readonly collateral?: SimulatedSnpCollateralOptions;
  readonly evidence?: Partial<SnpEvidence>;
}

/** Complete evidence of a simulated guest that deviates where a test says so. */
export function makeEvidence(deviation: Deviation = {}): SnpEvidence {
  const { vendor = genoa, version = 3, report } = deviation;
  return {
    kind: 'snp',
    report: signSimulatedSnpReport(vendor, version, {
      ...report,
      fields: { reportData, ...report?.fields },
    }),
    collateral: issueSimulatedSnpCollateral(vendor, deviation.collateral),
    ...deviation.evidence,
  };
}

export function verify(
  evidence: SnpEvidence,
  vendor: SimulatedAmdVendor = genoa,
  options: Partial<VerifyEvidenceOptions> = {},
): Promise<EvidenceVerdict> {
  return verifyEvidence(evidence, {
    policy: policyFor(vendor),
    expectedReportData: reportData,
    nowMs: NOW_MS,
    ...options,
  });
}

/** `name: reason` of each failed claim, without the mark of simulation. */
export function failures(verdict: EvidenceVerdict): string[] {
  return verdict.claims
    .filter((claim) => claim.outcome === 'fail')
    .map((claim) => `${claim.name}: ${claim.reason.replace('SIMULATED: ', '')}`);
}
