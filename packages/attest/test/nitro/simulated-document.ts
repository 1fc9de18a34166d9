import {
  defaultPolicy,
  type EvidencePolicy,
  type EvidenceVerdict,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import { toHex } from '@dcml/core';
import {
  createNitroVendor,
  type NitroDeviation,
  type NitroDocumentFields,
  type NitroVendor,
  writeNitroDocument,
} from '@dcml/testing';

export const NOW_MS: number = Date.parse('2026-11-01T12:00:00Z');
export const vendor: NitroVendor = createNitroVendor({ nowMs: NOW_MS });
export const reportData: Uint8Array = Uint8Array.from({ length: 64 }, (_, i) => i + 1);
const image = (byte: number): Uint8Array => new Uint8Array(48).fill(byte);

export const fields: NitroDocumentFields = {
  timestampMs: NOW_MS - 60_000,
  pcrs: { 0: image(0xa0), 1: image(0xa1), 2: image(0xa2), 4: image(0xa4) },
  userData: reportData,
};

/** The strict policy, but for the root, and with a pinned image. */
export function policyFor({ rootPem }: NitroVendor): EvidencePolicy {
  return {
    ...defaultPolicy,
    roots: [{ name: 'simulated', kind: 'aws', certificatePem: rootPem }],
    nitro: { pcrs: { '0': [toHex(image(0xa0))], '1': [toHex(image(0xa1))] } },
  };
}
export const policy: EvidencePolicy = policyFor(vendor);

export function verify(
  document: Uint8Array,
  options: Partial<VerifyEvidenceOptions> = {},
): Promise<EvidenceVerdict> {
  return verifyEvidence(
    { kind: 'nitro', document },
    { policy, expectedReportData: reportData, nowMs: NOW_MS, ...options },
  );
}

export const write = (deviation: NitroDeviation = {}, more: Partial<NitroDocumentFields> = {}): Uint8Array =>
  writeNitroDocument({ ...fields, ...more }, vendor, deviation);

/** `name: reason` of each failed claim, without the mark of simulation. */
export function failures(verdict: EvidenceVerdict): string[] {
  return verdict.claims
    .filter((claim) => claim.outcome === 'fail')
    .map((claim) => `${claim.name}: ${claim.reason.replace('SIMULATED: ', '')}`);
}
