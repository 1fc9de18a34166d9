import {
  defaultPolicy,
  type EvidencePolicy,
  type EvidenceVerdict,
  type TpmEvidence,
  type TpmPolicy,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import {
  createSimulatedTpm,
  createTpmKeys,
  type SimulatedTpm,
  type SimulatedTpmOptions,
  type SimulatedTpmQuoteOptions,
  simulatedTpmEvidence,
  type TpmKeys,
  toPem,
} from '@dcml/testing';

export const NOW_MS: number = Date.parse('2026-11-01T12:00:00Z');
export const nonce: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

/** RSA keys take long to find: one set for all TPMs of a test file. */
export const keys: TpmKeys = createTpmKeys();

export const createTpm = (options: Partial<SimulatedTpmOptions> = {}): SimulatedTpm =>
  createSimulatedTpm({ random: systemRandom, nowMs: NOW_MS, keys, ...options });

export const tpm: SimulatedTpm = createTpm();

export function policyFor(of: SimulatedTpm, rules: Partial<TpmPolicy> = {}): EvidencePolicy {
  const root = { name: 'simulated', kind: 'tpm', certificatePem: toPem(of.certificates.root) } as const;
  return {
    ...defaultPolicy,
    kinds: ['tpm'],
    roots: [root],
    composeHashes: null,
    tpm: { ...defaultPolicy.tpm, ...rules },
  };
}

export function makeEvidence(of: SimulatedTpm = tpm, options: SimulatedTpmQuoteOptions = {}): TpmEvidence {
  return simulatedTpmEvidence(of, { extraData: nonce, ...options });
}

export function verify(
  evidence: TpmEvidence,
  of: SimulatedTpm = tpm,
  options: Partial<VerifyEvidenceOptions> = {},
): Promise<EvidenceVerdict> {
  return verifyEvidence(evidence, {
    policy: policyFor(of),
    expectedReportData: nonce,
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

/** Names of claims that are open and not optional. */
export function openClaims(verdict: EvidenceVerdict): string[] {
  return verdict.claims
    .filter((claim) => claim.outcome === 'unknown' && claim.optional !== true)
    .map((claim) => claim.name);
}
