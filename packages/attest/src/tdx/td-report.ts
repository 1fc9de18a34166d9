import type { TdBody } from './quote.ts';

/** Bytes of a TD report 1.0, and of a 1.5, which appends two fields. */
export const TD_REPORT_10_BYTES = 584;
export const TD_REPORT_15_BYTES = 648;

/** Offset and length of each field (Intel TDX DCAP Quoting Library API, appendix A.3.2 and A.3.3). */
export const tdReportLayout = {
  teeTcbSvn: [0, 16],
  mrSeam: [16, 48],
  mrSignerSeam: [64, 48],
  seamAttributes: [112, 8],
  tdAttributes: [120, 8],
  xfam: [128, 8],
  mrTd: [136, 48],
  mrConfigId: [184, 48],
  mrOwner: [232, 48],
  mrOwnerConfig: [280, 48],
  rtmr0: [328, 48],
  rtmr1: [376, 48],
  rtmr2: [424, 48],
  rtmr3: [472, 48],
  reportData: [520, 64],
  teeTcbSvn2: [584, 16],
  mrServiceTd: [600, 48],
} as const;

export type TdField = keyof typeof tdReportLayout;

/** Splits a TD report of exactly `TD_REPORT_10_BYTES` or `TD_REPORT_15_BYTES` into its fields. */
export function splitTdReport(report: Uint8Array): TdBody {
  const take = (field: TdField): Uint8Array => {
    const [offset, length] = tdReportLayout[field];
    return report.subarray(offset, offset + length);
  };
  return {
    teeTcbSvn: take('teeTcbSvn'),
    mrSeam: take('mrSeam'),
    mrSignerSeam: take('mrSignerSeam'),
    seamAttributes: take('seamAttributes'),
    tdAttributes: take('tdAttributes'),
    xfam: take('xfam'),
    mrTd: take('mrTd'),
    mrConfigId: take('mrConfigId'),
    mrOwner: take('mrOwner'),
    mrOwnerConfig: take('mrOwnerConfig'),
    rtmrs: [take('rtmr0'), take('rtmr1'), take('rtmr2'), take('rtmr3')],
    reportData: take('reportData'),
    ...(report.length === TD_REPORT_15_BYTES
      ? { teeTcbSvn2: take('teeTcbSvn2'), mrServiceTd: take('mrServiceTd') }
      : {}),
  };
}
