import { type DstackTdxEvidence, type IntelCollateral, parseRuntimeEvents } from '@dcml/attest';
import { Fields, fromHex, type JsonObject } from '@dcml/core';
import { ReceiptError, readAs } from './receipt-error.ts';
import type { AttestationReport } from './report.ts';

const MAX_TEXT = 2 << 20;

/** The `evidence` object of a dstack guest's report (aci/1 section 4.2): quote, event log as JSON text, compose text. */
export function encodeDstackEvidence(quoteHex: string, eventLog: string, appCompose: string): JsonObject {
  return { quote: quoteHex, event_log: eventLog, app_compose: appCompose };
}

/** A report's evidence in the verifier's shape, not yet verified. Throws `RECEIPT_EVIDENCE`. */
export function dstackEvidenceOf(report: AttestationReport, collateral: IntelCollateral): DstackTdxEvidence {
  if (report.teeType !== 'tdx') {
    throw new ReceiptError('RECEIPT_EVIDENCE', `evidence of kind ${report.teeType} cannot be checked here`);
  }
  return readAs('RECEIPT_EVIDENCE', () => {
    const fields = new Fields(report.evidence, 'evidence');
    return {
      kind: 'dstack-tdx',
      quote: fromHex(fields.string('quote', MAX_TEXT), 'evidence.quote'),
      eventLog: parseRuntimeEvents(fields.string('event_log', MAX_TEXT)),
      appCompose: fields.string('app_compose', MAX_TEXT),
      collateral,
    };
  });
}
