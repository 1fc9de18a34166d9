import { type DstackTdxEvidence, parseRuntimeEvents, type SnpEvidence, type TdxEvidence } from '@dcml/attest';
import { Fields, fromHex, type JsonObject } from '@dcml/core';
import {
  type AmdCollateral,
  type Collateral,
  type CpuCollateral,
  cpuCollateralOf,
} from './collateral-json.ts';
import { ReceiptError, readAs } from './receipt-error.ts';
import type { AttestationReport } from './report.ts';

const MAX_TEXT = 2 << 20;
const SNP_REPORT_BYTES = 1184;

/** `tee_type` of a report: the first two are aci/1's (section 4.2), the third is ours. */
export type TeeType = 'tdx' | 'sev_snp' | 'tpm';

/** The `evidence` object of a dstack guest's report (aci/1 section 4.2): quote, event log as JSON text, compose text. */
export function encodeDstackEvidence(quoteHex: string, eventLog: string, appCompose: string): JsonObject {
  return { quote: quoteHex, event_log: eventLog, app_compose: appCompose };
}

/** Evidence about the CPU that can be verified here, and the compose that it is said to prove. */
export interface CpuEvidence {
  readonly evidence: DstackTdxEvidence | TdxEvidence | SnpEvidence;
  readonly appCompose: string;
}

function isAmd(collateral: CpuCollateral): collateral is AmdCollateral {
  return 'kind' in collateral;
}

function wrongVendor(teeType: string, vendor: string): ReceiptError {
  return new ReceiptError('RECEIPT_COLLATERAL', `evidence of kind ${teeType} needs collateral of ${vendor}`);
}

function tdxEvidence(fields: Fields, collateral: CpuCollateral): CpuEvidence {
  if (isAmd(collateral)) throw wrongVendor('tdx', 'Intel');
  const quote = fromHex(fields.string('quote', MAX_TEXT), 'evidence.quote');
  const appCompose = fields.string('app_compose', MAX_TEXT);
  // Without dstack's log nothing explains RTMR3, so that only MRCONFIGID can prove the compose.
  if (!fields.has('event_log')) {
    const evidence = { kind: 'tdx' as const, quote, appCompose, collateral };
    return { evidence, appCompose };
  }
  const eventLog = parseRuntimeEvents(fields.string('event_log', MAX_TEXT));
  return { evidence: { kind: 'dstack-tdx', quote, eventLog, appCompose, collateral }, appCompose };
}

function snpEvidence(fields: Fields, collateral: CpuCollateral): CpuEvidence {
  if (!isAmd(collateral)) throw wrongVendor('sev_snp', 'AMD');
  const appCompose = fields.string('app_compose', MAX_TEXT);
  const report = fromHex(fields.string('report', 2 * SNP_REPORT_BYTES), 'evidence.report', SNP_REPORT_BYTES);
  return { evidence: { kind: 'snp', report, appCompose, collateral }, appCompose };
}

/**
 * A report's evidence about the CPU in the verifier's shape, not yet verified: TDX with or without dstack's event log,
 * or SEV-SNP. Throws `RECEIPT_EVIDENCE`, and `RECEIPT_COLLATERAL` for collateral of another vendor.
 */
export function cpuEvidenceOf(report: AttestationReport, collateral: Collateral): CpuEvidence {
  return readAs('RECEIPT_EVIDENCE', () => {
    const fields = new Fields(report.evidence, 'evidence');
    const cpu = cpuCollateralOf(collateral);
    switch (report.teeType) {
      case 'tdx':
        return tdxEvidence(fields, cpu);
      case 'sev_snp':
        return snpEvidence(fields, cpu);
      default:
        throw new ReceiptError(
          'RECEIPT_EVIDENCE',
          `evidence of kind ${report.teeType} cannot be checked here`,
        );
    }
  });
}
