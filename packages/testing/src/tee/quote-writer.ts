import { concatBytes } from '@dcml/core';
import type { EcKey } from './ec-key.ts';
import { littleEndian16, littleEndian32 } from './enclave-report-writer.ts';
import { type QuoteEnvelope, writeQuote } from './quote-signature-writer.ts';

/** The fields of a TD report in the order of the quote body: 584 bytes, or 648 with both of the last two. */
export interface TdReportFields {
  readonly teeTcbSvn: Uint8Array;
  readonly mrSeam: Uint8Array;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: Uint8Array;
  readonly xfam: Uint8Array;
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  /** Four registers of 48 bytes. */
  readonly rtmrs: readonly Uint8Array[];
  readonly reportData: Uint8Array;
  /** TD report 1.5 only. */
  readonly teeTcbSvn2?: Uint8Array;
  /** TD report 1.5 only. */
  readonly mrServiceTd?: Uint8Array;
}

export interface QuoteFields extends QuoteEnvelope {
  readonly td: TdReportFields;
  /** Version 5 only: what the body descriptor says where that is not the truth. */
  readonly bodyType?: number;
  readonly bodySize?: number;
}

function writeTdReport(td: TdReportFields): Uint8Array {
  return concatBytes(
    td.teeTcbSvn,
    td.mrSeam,
    td.mrSignerSeam,
    td.seamAttributes,
    td.tdAttributes,
    td.xfam,
    td.mrTd,
    td.mrConfigId,
    td.mrOwner,
    td.mrOwnerConfig,
    ...td.rtmrs,
    td.reportData,
    td.teeTcbSvn2 ?? new Uint8Array(0),
    td.mrServiceTd ?? new Uint8Array(0),
  );
}

/** A TDX quote (Intel, TDX DCAP Quoting Library API, appendix 3) signed by the given keys. */
export function writeTdxQuote(
  fields: QuoteFields,
  attestationKey: EcKey,
  pckKey: EcKey,
): Uint8Array<ArrayBuffer> {
  const report = writeTdReport(fields.td);
  const type = fields.bodyType ?? (fields.td.mrServiceTd === undefined ? 2 : 3);
  const descriptor =
    fields.version === 5 ? [littleEndian16(type), littleEndian32(fields.bodySize ?? report.length)] : [];
  return writeQuote(fields, concatBytes(...descriptor, report), true, attestationKey, pckKey);
}
