import {
  type DstackTdxEvidence,
  defaultPolicy,
  type EvidencePolicy,
  type EvidenceVerdict,
  type IntelPolicy,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import {
  createSimulatedGuest,
  createSimulatedVendor,
  issueSimulatedCollateral,
  type SimulatedCollateralOptions,
  type SimulatedGuest,
  type SimulatedQuoteOptions,
  type SimulatedVendor,
  simulatedChainPem,
  type VendorOptions,
  withSimulatedImage,
} from '@dcml/testing';

export const NOW_MS: number = Date.parse('2026-11-01T12:00:00Z');
export const DAY_MS = 86_400_000;
export const reportData: Uint8Array = Uint8Array.from({ length: 64 }, (_, i) => i + 1);

/** A simulated platform with one booted guest. */
export interface Platform {
  readonly vendor: SimulatedVendor;
  readonly guest: SimulatedGuest;
  /** The strict policy, but for this root and this application. */
  readonly policy: EvidencePolicy;
}

export function createPlatform(options: Partial<VendorOptions> = {}): Platform {
  const vendor = createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS, ...options });
  const guest = createSimulatedGuest({ vendor, appCompose: '{"name":"test"}', random: systemRandom });
  const root = {
    name: 'simulated',
    kind: 'intel',
    certificatePem: simulatedChainPem(vendor, 'root'),
  } as const;
  const policy = withSimulatedImage({ ...defaultPolicy, roots: [root], composeHashes: [guest.composeHash] });
  return { vendor, guest, policy };
}

export const platform: Platform = createPlatform();

/** The platform's policy with other Intel rules. */
export function intelPolicy(rules: Partial<IntelPolicy>): EvidencePolicy {
  return { ...platform.policy, intel: { ...platform.policy.intel, ...rules } };
}

export interface Deviation {
  readonly platform?: Platform;
  readonly quote?: SimulatedQuoteOptions;
  readonly collateral?: SimulatedCollateralOptions;
  readonly evidence?: Partial<DstackTdxEvidence>;
}

/** Complete evidence of a simulated guest that deviates where a test says so. */
export function makeEvidence(deviation: Deviation = {}): DstackTdxEvidence {
  const { vendor, guest } = deviation.platform ?? platform;
  return {
    kind: 'dstack-tdx',
    quote: guest.quote(reportData, deviation.quote),
    eventLog: guest.events(),
    appCompose: guest.appCompose,
    collateral: issueSimulatedCollateral(vendor, deviation.collateral),
    ...deviation.evidence,
  };
}

export function verify(
  evidence: DstackTdxEvidence,
  options: Partial<VerifyEvidenceOptions> = {},
): Promise<EvidenceVerdict> {
  return verifyEvidence(evidence, {
    policy: platform.policy,
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
