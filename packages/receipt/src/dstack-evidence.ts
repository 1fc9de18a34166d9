import type { DstackTdxEvidence, RuntimeEvent, TdxCollateral } from '@dcml/attest';
import { Fields, fromHex, type JsonObject, parseJson } from '@dcml/core';
import { ReceiptError, readAs } from './receipt-error.ts';
import type { AttestationReport } from './report.ts';
import { itemFields } from './text-forms.ts';

const MAX_TEXT = 2 << 20;
const MAX_EVENTS = 4096;

function readEvents(text: string): RuntimeEvent[] {
  const log = parseJson(text, { maxLength: MAX_TEXT, maxDepth: 8 });
  const fields = new Fields({ event_log: log }, 'evidence');
  return fields.array('event_log', MAX_EVENTS).map((item, index) => {
    const event = itemFields(item, 'event_log', index);
    return {
      imr: event.integer('imr', 0, 255),
      eventType: event.integer('event_type', 0, 0xffff_ffff),
      digest: event.string('digest', 128),
      event: event.string('event', 1024),
      eventPayload: event.string('event_payload', MAX_TEXT),
    };
  });
}

/** The `evidence` object of a dstack guest's report (aci/1 section 4.2): quote, event log as JSON text, compose text. */
export function encodeDstackEvidence(quoteHex: string, eventLog: string, appCompose: string): JsonObject {
  return { quote: quoteHex, event_log: eventLog, app_compose: appCompose };
}

/** A report's evidence in the verifier's shape, not yet verified. Throws `RECEIPT_EVIDENCE`. */
export function dstackEvidenceOf(report: AttestationReport, collateral: TdxCollateral): DstackTdxEvidence {
  if (report.teeType !== 'tdx') {
    throw new ReceiptError('RECEIPT_EVIDENCE', `evidence of kind ${report.teeType} cannot be checked here`);
  }
  return readAs('RECEIPT_EVIDENCE', () => {
    const fields = new Fields(report.evidence, 'evidence');
    return {
      kind: 'dstack-tdx',
      quote: fromHex(fields.string('quote', MAX_TEXT), 'evidence.quote'),
      eventLog: readEvents(fields.string('event_log', MAX_TEXT)),
      appCompose: fields.string('app_compose', MAX_TEXT),
      collateral,
    };
  });
}
