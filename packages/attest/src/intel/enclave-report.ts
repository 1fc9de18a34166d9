import { ByteCursor } from '../byte-cursor.ts';

export const ENCLAVE_REPORT_BYTES = 384;

/** Report of an SGX enclave (Intel SDM volume 3D, REPORT): a quoting enclave's, or the body of an SGX quote. */
export interface EnclaveReport {
  /** All 384 bytes. */
  readonly bytes: Uint8Array;
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: Uint8Array;
  readonly isvExtProdId: Uint8Array;
  /** FLAGS and XFRM, 8 bytes each. */
  readonly attributes: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly configId: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly configSvn: number;
  readonly isvFamilyId: Uint8Array;
  readonly reportData: Uint8Array;
}

/** Where the fields on which claims rest begin in a report, with their lengths. */
export const enclaveReportLayout = {
  miscSelect: [16, 4],
  attributes: [48, 16],
  mrEnclave: [64, 32],
  mrSigner: [128, 32],
  isvSvn: [258, 2],
  reportData: [320, 64],
} as const;

/** Reads the next 384 bytes; reserved ones must be zero. Throws `ATTEST_FORMAT` with the offset. */
export function readEnclaveReport(cursor: ByteCursor, field: string): EnclaveReport {
  const base = cursor.offset;
  const bytes = cursor.bytes(ENCLAVE_REPORT_BYTES, field);
  const report = new ByteCursor(bytes, field, base);
  const cpuSvn = report.bytes(16, 'CPUSVN');
  const miscSelect = report.bytes(4, 'MISCSELECT');
  report.zero(12, 'reserved');
  const isvExtProdId = report.bytes(16, 'ISVEXTPRODID');
  const attributes = report.bytes(16, 'ATTRIBUTES');
  const mrEnclave = report.bytes(32, 'MRENCLAVE');
  report.zero(32, 'reserved');
  const mrSigner = report.bytes(32, 'MRSIGNER');
  report.zero(32, 'reserved');
  const configId = report.bytes(64, 'CONFIGID');
  const isvProdId = report.u16('ISVPRODID');
  const isvSvn = report.u16('ISVSVN');
  const configSvn = report.u16('CONFIGSVN');
  report.zero(42, 'reserved');
  const isvFamilyId = report.bytes(16, 'ISVFAMILYID');
  const reportData = report.bytes(64, 'REPORTDATA');
  report.end();
  return {
    bytes,
    cpuSvn,
    miscSelect,
    isvExtProdId,
    attributes,
    mrEnclave,
    mrSigner,
    configId,
    isvProdId,
    isvSvn,
    configSvn,
    isvFamilyId,
    reportData,
  };
}
