import { concatBytes, equalBytes, sha256, toHex } from '@dcml/core';
import { attempt } from '../claim-sheet.ts';
import { appraiseReportData } from '../common-claims.ts';
import { judgeTpmQuote } from '../tpm/judge-quote.ts';
import { type ParsedTpmQuote, parseTpmQuote } from '../tpm/parse-quote.ts';
import type { VerifyEvidenceOptions } from '../verify-context.ts';
import type { AzureSheet } from './claims.ts';
import type { AzureSnpEvidence, AzureTdxEvidence } from './evidence.ts';
import type { VtpmFacts } from './measurements.ts';
import { type HclReport, type HclReportKind, parseHclReport } from './parse-hcl-report.ts';
import { parseRuntimeClaims } from './runtime-claims.ts';

export interface AzureParts {
  readonly report: HclReport;
  readonly quote: ParsedTpmQuote;
}

/** Reads the paravisor's report and the vTPM's quote; undefined if one is not in its form. */
export function readAzureParts(
  sheet: AzureSheet,
  evidence: AzureSnpEvidence | AzureTdxEvidence,
  kind: HclReportKind,
): AzureParts | undefined {
  // Copies: nobody can change the bytes between two checks.
  const report = attempt(() => parseHclReport(Uint8Array.from(evidence.hclReport), kind));
  const quote = attempt(() => parseTpmQuote(evidence.tpmQuote));
  sheet.check('hcl_report', report.problem, `report of the paravisor about ${kind.toUpperCase()}`);
  sheet.check('tpm_quote_format', quote.problem, 'a TPM 2.0 quote');
  if (report.value === undefined || quote.value === undefined) return undefined;
  return { report: report.value, quote: quote.value };
}

/**
 * Judges what hangs on an authentic hardware report: its report data is the hash of the runtime data (SHA-256 and 32
 * zero bytes), the runtime data names the vTPM's key, this key signed the quote, and the quote binds the guest's data.
 */
export async function judgeVtpm(
  sheet: AzureSheet,
  { report, quote }: AzureParts,
  hardwareReportData: Uint8Array,
  eventLog: Uint8Array | undefined,
  { policy, expectedReportData }: VerifyEvidenceOptions,
): Promise<(VtpmFacts & { readonly reportData: string }) | undefined> {
  const digest = concatBytes(sha256(report.runtimeData), new Uint8Array(32));
  const isBound = sheet.check(
    'runtime_data_bound',
    equalBytes(hardwareReportData, digest)
      ? undefined
      : `hardware report data is ${toHex(hardwareReportData)}, the runtime data has ${toHex(digest)}`,
    'the hardware report binds the runtime data',
  );
  if (!isBound) return undefined;
  const claims = attempt(() => parseRuntimeClaims(report.runtimeData));
  sheet.check('runtime_keys', claims.problem, 'the runtime data names the attestation key of the vTPM');
  if (claims.value === undefined) return undefined;
  const { attestationKey, vmConfiguration, userData } = claims.value;
  const tpm = await judgeTpmQuote(sheet, quote, attestationKey, eventLog, policy.tpm);
  if (tpm === undefined) return undefined;
  const { extraData, extraDataOffset } = quote.attest;
  appraiseReportData(sheet, extraData, expectedReportData, [
    { part: 'tpmQuote.message', offset: extraDataOffset, length: extraData.length },
  ]);
  return { tpm, vmConfiguration, userData, reportData: toHex(extraData) };
}
