import { assertLength } from '@dcml/core';

/** The paravisor's report; every number can deviate, for tests of refusal. */
export interface HclReportFields {
  readonly signature: number;
  readonly version: number;
  readonly requestType: number;
  readonly status: number;
  /** 2 is SNP, 4 is TDX. */
  readonly reportType: number;
  readonly runtimeVersion: number;
  /** 1 is SHA-256. */
  readonly hashType: number;
  /** At most 1,184 bytes; zero follows. */
  readonly hardwareReport: Uint8Array;
  readonly runtimeData: Uint8Array;
  /** In place of the true sizes. */
  readonly size?: number;
  readonly dataSize?: number;
  /** Size of the NV index that the report stands in. */
  readonly areaBytes: number;
}

const HEAD_BYTES = 32 + 1184 + 20;

/** As the guest reads it from the vTPM's NV index. */
export function writeHclReport(fields: HclReportFields): Uint8Array<ArrayBuffer> {
  const { hardwareReport, runtimeData } = fields;
  const size = HEAD_BYTES + runtimeData.length;
  const report = new Uint8Array(Math.max(fields.areaBytes, size));
  const view = new DataView(report.buffer);
  const header = [fields.signature, fields.version, fields.size ?? size, fields.requestType, fields.status];
  for (const [i, value] of header.entries()) view.setUint32(4 * i, value, true);
  report.set(hardwareReport, 32);
  const runtime = [
    fields.dataSize ?? 20 + runtimeData.length,
    fields.runtimeVersion,
    fields.reportType,
    fields.hashType,
    runtimeData.length,
  ];
  for (const [i, value] of runtime.entries()) view.setUint32(32 + 1184 + 4 * i, value, true);
  report.set(runtimeData, HEAD_BYTES);
  return report;
}

/** The usual fields around a hardware report. */
export function hclReportFields(
  kind: 'snp' | 'tdx',
  hardwareReport: Uint8Array,
  runtimeData: Uint8Array,
): HclReportFields {
  assertLength(hardwareReport, kind === 'snp' ? 1184 : 1024, 'hardware report');
  return {
    signature: 0x414c_4348,
    version: 2,
    requestType: 2,
    status: 0,
    reportType: kind === 'snp' ? 2 : 4,
    runtimeVersion: 1,
    hashType: 1,
    hardwareReport,
    runtimeData,
    areaBytes: 2600,
  };
}
