import {
  type AzureSnpEvidence,
  type AzureTdxEvidence,
  defaultPolicy,
  type EvidencePolicy,
  type EvidenceVerdict,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import {
  createSigningKey,
  createSimulatedAmdVendor,
  createSimulatedVendor,
  type SigningKey,
  type SimulatedAmdVendor,
  type SimulatedAzureOptions,
  type SimulatedVendor,
  simulatedAzureSnp,
  simulatedAzureTdx,
  simulatedChainPem,
  toPem,
} from '@dcml/testing';

export const NOW_MS: number = Date.parse('2026-11-01T12:00:00Z');
export const nonce: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

/** The attestation key of every simulated vTPM: RSA keys take long to find. */
export const akKey: SigningKey = createSigningKey('rsa-sha256');
const amd: SimulatedAmdVendor = createSimulatedAmdVendor({ random: systemRandom, nowMs: NOW_MS });
export const intel: SimulatedVendor = createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS });

/** The strict policy, but for the simulated roots and any application. */
export const policy: EvidencePolicy = {
  ...defaultPolicy,
  roots: [
    { name: 'AMD', kind: 'amd', certificatePem: toPem(amd.certificates.root) },
    { name: 'Intel', kind: 'intel', certificatePem: simulatedChainPem(intel, 'root') },
  ],
  composeHashes: null,
};

const withNonce = (options: SimulatedAzureOptions): SimulatedAzureOptions => ({
  ...options,
  tpm: { extraData: nonce, ...options.tpm },
});

export const makeSnp = (options: SimulatedAzureOptions = {}): AzureSnpEvidence =>
  simulatedAzureSnp(amd, akKey, withNonce(options));
export const makeTdx = (options: SimulatedAzureOptions = {}): AzureTdxEvidence =>
  simulatedAzureTdx(intel, akKey, withNonce(options));

export function verify(
  evidence: AzureSnpEvidence | AzureTdxEvidence,
  options: Partial<VerifyEvidenceOptions> = {},
): Promise<EvidenceVerdict> {
  return verifyEvidence(evidence, { policy, expectedReportData: nonce, nowMs: NOW_MS, ...options });
}

/** `name: reason` of each failed claim, without the mark of simulation. */
export function failures(verdict: EvidenceVerdict): string[] {
  return verdict.claims
    .filter((claim) => claim.outcome === 'fail')
    .map((claim) => `${claim.name}: ${claim.reason.replace('SIMULATED: ', '')}`);
}
