import { equalBytes } from '@dcml/core';
import { platformError } from './platform-call.ts';

const SNP_REPORT_BYTES = 1184;

/** Offset of REPORTDATA: header 48 and TD report at 520; version 5 puts 6 bytes of body type and size between. */
function tdxOffset(quote: Uint8Array): number {
  const version = (quote[0] ?? 0) + (quote[1] ?? 0) * 0x100;
  if (version === 4) return 48 + 520;
  if (version === 5) return 48 + 6 + 520;
  throw platformError('the platform gave a quote of a version that nobody can verify');
}

function assertBound(evidence: Uint8Array, offset: number, reportData: Uint8Array): void {
  if (!equalBytes(evidence.subarray(offset, offset + reportData.length), reportData)) {
    throw platformError('the platform gave evidence over other report data');
  }
}

/** A broken or mixed-up platform is found here, before clients refuse us. Throws `ENCLAVE_PLATFORM`. */
export function assertQuoteBinds(quote: Uint8Array, reportData: Uint8Array): void {
  assertBound(quote, tdxOffset(quote), reportData);
}

/** SEV-SNP ABI, table ATTESTATION_REPORT: REPORT_DATA at 0x50. Throws `ENCLAVE_PLATFORM`. */
export function assertSnpReportBinds(report: Uint8Array, reportData: Uint8Array): void {
  if (report.length !== SNP_REPORT_BYTES) {
    throw platformError(`the platform gave an attestation report of ${report.length} bytes`);
  }
  assertBound(report, 0x50, reportData);
}
