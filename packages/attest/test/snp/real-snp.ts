import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type AmdPolicy,
  defaultPolicy,
  type EvidencePolicy,
  type EvidenceVerdict,
  type SnpEvidence,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import { fromBase64, fromHex, toHex } from '@dcml/core';
import { toPem } from '@dcml/testing';

// Captured evidence of third parties lies beside the repository and is never part of it.
const root = process.env['DCML_EVIDENCE'] ?? resolve(import.meta.dirname, '../../../../../shared/evidence');

export const hasSnpSamples: boolean = existsSync(join(root, 'sev-snp'));
if (!hasSnpSamples) {
  console.warn(`SKIPPED: no captured evidence at ${root}; set DCML_EVIDENCE to check real SNP reports`);
}

export const readSample = (name: string): Uint8Array => new Uint8Array(readFileSync(join(root, name)));
const readText = (name: string): string => readFileSync(join(root, name), 'utf8');

/** DER of every PEM block of `label` in a text, whatever its line ends: samples come in several. */
export function derBlocks(text: string, label = 'CERTIFICATE'): Uint8Array[] {
  const blocks = text.matchAll(new RegExp(`-----BEGIN ${label}-----([^-]+)-----END ${label}-----`, 'g'));
  return [...blocks].map(([, body = '']) => fromBase64(body.replace(/\s/g, '')));
}

/** An issuer chain of the samples in canonical PEM: signing CA, then root. */
export const issuerChain = (name: string): string =>
  derBlocks(readText(`sev-snp/${name}`))
    .map(toPem)
    .join('');

const archive = (part: string, label?: string): Uint8Array[] => {
  const text = readText('sev-snp/openpcc-sev_certificates.txt');
  const from = text.indexOf(`-- ${part} --`);
  const next = text.indexOf('\n-- ', from + 1);
  return derBlocks(text.slice(from, next < 0 ? undefined : next), label);
};

/** AMD's CRLs: Milan 2025-05-06 to 2026-05-12, Genoa 2024-10-23 to 2025-11-03 (which revokes an older ASK). */
export const realCrl = (product: 'milan' | 'genoa'): string =>
  toHex(archive(`test_amd_${product}_crl.pem`, 'X509 CRL')[0]!);
export const genoaArchiveVcek = (): Uint8Array => archive('test_vcek.pem')[0]!;

export function certificateHex(name: string): string {
  return toHex(name.endsWith('.der') ? readSample(name) : derBlocks(readText(name))[0]!);
}

const HCL_REPORT_OFFSET = 0x20;
const REPORT_BYTES = 1184;

/** Base64 or base64url, with padding or without. */
const anyBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

/** The hardware report inside Azure's HCL report. */
const insideHcl = (hcl: Uint8Array): Uint8Array =>
  hcl.slice(HCL_REPORT_OFFSET, HCL_REPORT_OFFSET + REPORT_BYTES);

/** Report and VCEK of Azure evidence in the forms in which its samples come. */
export function azureSample(name: string): { report: Uint8Array; vcekHex: string } {
  const sample = JSON.parse(readText(`az-snp-vtpm/${name}`)) as {
    report?: number[];
    hcl_report?: string;
    vcek: string;
  };
  const hcl =
    sample.report === undefined ? anyBase64(sample.hcl_report ?? '') : Uint8Array.from(sample.report);
  const vcek = sample.vcek.startsWith('-----') ? derBlocks(sample.vcek)[0]! : anyBase64(sample.vcek);
  return { report: insideHcl(hcl), vcekHex: toHex(vcek) };
}

export const azureHclReport = (): Uint8Array => insideHcl(readSample('az-snp-vtpm/coco-hcl-report.bin'));

/** The report at offset 4 of dstack's container. */
export function dstackFixture(): Uint8Array {
  const { attestation } = JSON.parse(readText('dstack/verifier-sev-snp-attestation.json')) as {
    attestation: string;
  };
  return fromHex(attestation).slice(4, 4 + REPORT_BYTES);
}

export function realEvidence(
  report: Uint8Array,
  endorsementCertificateHex: string,
  issuerChainPem: string,
  crlHex: string | null = null,
): SnpEvidence {
  return { kind: 'snp', report, collateral: { endorsementCertificateHex, issuerChainPem, crlHex } };
}

/** AMD's own roots, any product and any application. */
export function verifyReal(
  evidence: SnpEvidence,
  day: string,
  amd: Partial<AmdPolicy> = {},
  options: Partial<VerifyEvidenceOptions> = {},
): Promise<EvidenceVerdict> {
  const policy: EvidencePolicy = {
    ...defaultPolicy,
    composeHashes: null,
    amd: { ...defaultPolicy.amd, products: ['milan', 'genoa', 'turin'], ...amd },
  };
  return verifyEvidence(evidence, {
    policy,
    nowMs: Date.parse(day),
    expectedReportData: evidence.report.slice(0x50, 0x90),
    ...options,
  });
}
