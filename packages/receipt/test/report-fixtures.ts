import type {
  Claim,
  DstackTdxEvidence,
  EvidencePolicy,
  EvidenceVerdict,
  IntelCollateral,
  Measurements,
} from '@dcml/attest';
import { concludeVerdict, defaultPolicy } from '@dcml/attest';
import { type DigestText, digestText, encodeUtf8, equalBytes, sha256, toHex } from '@dcml/core';
import {
  type AttestationReport,
  attestationStatement,
  encodeDstackEvidence,
  encodeMeasuredConfiguration,
  keysetDigest,
  reportData,
  type WorkloadKeyset,
} from '../src/index.ts';
import { configuration, keyset, servedAt } from './fixtures.ts';

export const nonce: string = '4e'.repeat(32);
export const nowMs: number = servedAt * 1000;
export const imageDigest: DigestText = digestText(sha256(encodeUtf8('image')));

export function composeWith(dcml: unknown): string {
  return JSON.stringify({ manifest_version: 2, docker_compose_file: `image: dcml@${imageDigest}`, dcml });
}

export const appCompose: string = composeWith(encodeMeasuredConfiguration(configuration));
export const composeHash: string = toHex(sha256(encodeUtf8(appCompose)));

export const collateral: IntelCollateral = {
  pckCrlIssuerChainPem: 'a',
  rootCaCrlHex: 'b',
  pckCrlHex: 'c',
  tcbInfoIssuerChainPem: 'd',
  tcbInfo: 'e',
  tcbInfoSignatureHex: 'f',
  qeIdentityIssuerChainPem: 'g',
  qeIdentity: 'h',
  qeIdentitySignatureHex: 'i',
};

export const policy: EvidencePolicy = {
  ...defaultPolicy,
  roots: [],
  composeHashes: [composeHash],
  maxKeysetLifetimeSeconds: 7 * 86_400,
};

export interface ReportChange {
  readonly keyset?: WorkloadKeyset;
  readonly nonce?: string | null;
  readonly appCompose?: string;
}

/** A report whose quote is the report data itself: see `stubVerifyEvidence`. */
export function reportFor(change: ReportChange = {}): AttestationReport {
  const keys = change.keyset ?? keyset;
  const slot = reportData(
    attestationStatement(keysetDigest(keys), change.nonce === undefined ? nonce : change.nonce),
  );
  const events = JSON.stringify([
    {
      imr: 3,
      event_type: 0x8000001,
      digest: '00'.repeat(48),
      event: 'compose-hash',
      event_payload: composeHash,
    },
  ]);
  return {
    keysetDigest: keysetDigest(keys),
    teeType: 'tdx',
    keyset: keys,
    reportData: toHex(slot.subarray(0, 32)),
    sourceProvenance: { repoUrl: 'https://example', repoCommit: null, imageDigest, imageProvenance: null },
    evidence: encodeDstackEvidence(toHex(slot), events, change.appCompose ?? appCompose),
    supportedE2eeVersions: ['ehbp'],
    serving: 'direct',
  };
}

/** Stands for the hardware: believes a quote that is nothing but the report data, and nearly any compose. */
export async function stubVerifyEvidence(
  evidence: DstackTdxEvidence,
  options: { readonly expectedReportData: Uint8Array },
): Promise<EvidenceVerdict> {
  const bound = equalBytes(evidence.quote, options.expectedReportData);
  const claim: Claim = {
    name: 'report_data_bound',
    outcome: bound ? 'pass' : 'fail',
    source: 'hardware_proven',
    reason: 'stub',
  };
  const measured: Measurements = {
    kind: 'dstack-tdx',
    mrTd: '',
    rtmrs: [],
    reportData: '',
    // A compose that says `unmeasured` is one that the event log does not prove.
    composeHash: evidence.appCompose.includes('unmeasured')
      ? null
      : toHex(sha256(encodeUtf8(evidence.appCompose))),
    tcbStatus: null,
    advisories: [],
    fmspc: '',
    platformId: '',
  };
  return { ...concludeVerdict([claim], true), measured };
}
