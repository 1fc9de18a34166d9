import { defaultPolicy, type EvidencePolicy, type IntelCollateral } from '@dcml/attest';
import { type JsonObject, systemRandom, toHex } from '@dcml/core';
import {
  createSimulatedVendor,
  issueSimulatedCollateral,
  type SimulatedCollateralOptions,
  type SimulatedVendor,
  signSimulatedQuote,
  simulatedChainPem,
} from '@dcml/testing';

export const NOW_MS: number = Date.parse('2026-06-01T12:00:00Z');
export const HOUR_MS = 3_600_000;
export const DAY_MS: number = 24 * HOUR_MS;

export const vendor: SimulatedVendor = createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS });
export const fmspc: string = toHex(vendor.platform.fmspc);
export const quote: Uint8Array = signSimulatedQuote(vendor);

export function policyOf({
  rootPem,
  kind = 'intel',
}: {
  rootPem: string;
  kind?: 'intel' | 'amd';
}): EvidencePolicy {
  return { ...defaultPolicy, roots: [{ name: 'SIMULATED', kind, certificatePem: rootPem }] };
}

export const policy: EvidencePolicy = policyOf({ rootPem: simulatedChainPem(vendor, 'root') });

export function issue(options: SimulatedCollateralOptions = {}): IntelCollateral {
  return issueSimulatedCollateral(vendor, options);
}

/** Collateral of one TCB recovery. */
export function issueNumber(tcbEvaluationDataNumber: number, nowMs: number = NOW_MS): IntelCollateral {
  const edit = (document: JsonObject): JsonObject => ({ ...document, tcbEvaluationDataNumber });
  return issue({ nowMs, editTcbInfo: edit, editQeIdentity: edit });
}
