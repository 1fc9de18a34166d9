import { ByteCursor } from '../byte-cursor.ts';

/** All captured reports come in an NV index of 2,600 bytes; the rest of it is zero. */
const MAX_HCL_REPORT_BYTES = 8192;
const SIGNATURE = 0x414c_4348;
const HEADER_BYTES = 32;
/** Room for the hardware report, whatever its kind. */
const HARDWARE_REPORT_BYTES = 1184;
const TD_REPORT_BYTES = 1024;
const RUNTIME_HEADER_BYTES = 20;
const HASH_SHA256 = 1;

const reportTypes: Readonly<Record<HclReportKind, number>> = { snp: 2, tdx: 4 };

export type HclReportKind = 'snp' | 'tdx';

/** The paravisor's report, read and not yet believed. */
export interface HclReport {
  /** An SNP report of 1,184 bytes or a TD report (TDREPORT_STRUCT) of 1,024. */
  readonly hardwareReport: Uint8Array;
  /** Text of a JSON object, whose SHA-256 the hardware report binds. */
  readonly runtimeData: Uint8Array;
}

/** Offset of the hardware report in the HCL report. */
export const HARDWARE_REPORT_OFFSET: number = HEADER_BYTES;

function expectField(cursor: ByteCursor, field: string, accepted: readonly number[]): void {
  const start = cursor.offset;
  const value = cursor.u32(field);
  if (!accepted.includes(value))
    cursor.fail(`${field} is ${value}, expected ${accepted.join(' or ')}`, start);
}

/**
 * Parses the report that Azure's paravisor keeps in NV index 0x01400001 of the vTPM (Microsoft, "Confidential VM guest
 * attestation design"): header, hardware report, runtime data. Zero bytes may follow up to the size of the NV index.
 * Throws `ATTEST_FORMAT` with the offset.
 */
export function parseHclReport(bytes: Uint8Array, kind: HclReportKind): HclReport {
  const cursor = new ByteCursor(bytes, 'HCL report');
  if (bytes.length > MAX_HCL_REPORT_BYTES) cursor.fail(`is longer than ${MAX_HCL_REPORT_BYTES} bytes`);
  if (cursor.u32('signature') !== SIGNATURE) cursor.fail('does not start with HCLA', 0);
  expectField(cursor, 'version', [1, 2]);
  const sizeAt = cursor.offset;
  const size = cursor.u32('report size');
  expectField(cursor, 'request type', [2]);
  expectField(cursor, 'status', [0]);
  cursor.zero(12, 'reserved');

  const area = cursor.sub(HARDWARE_REPORT_BYTES, 'hardware report');
  const hardwareReport = area.bytes(
    kind === 'snp' ? HARDWARE_REPORT_BYTES : TD_REPORT_BYTES,
    'hardware report',
  );
  area.zero(area.remaining, 'padding of the hardware report');

  const dataSizeAt = cursor.offset;
  const dataSize = cursor.u32('runtime data size');
  expectField(cursor, 'runtime data version', [1]);
  expectField(cursor, 'report type', [reportTypes[kind]]);
  expectField(cursor, 'report data hash', [HASH_SHA256]);
  const variableSize = cursor.u32('variable data size');
  if (dataSize !== RUNTIME_HEADER_BYTES + variableSize) {
    cursor.fail(`runtime data has ${dataSize} bytes, its variable part ${variableSize}`, dataSizeAt);
  }
  const runtimeData = cursor.bytes(variableSize, 'variable data');
  if (size !== cursor.offset) cursor.fail(`report size is ${size}, expected ${cursor.offset}`, sizeAt);
  cursor.zero(cursor.remaining, 'padding after the report');
  return { hardwareReport, runtimeData };
}
