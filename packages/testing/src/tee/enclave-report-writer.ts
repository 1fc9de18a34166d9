import { concatBytes } from '@dcml/core';

/** The fields of an SGX enclave's report (384 bytes): a quoting enclave's, or the body of an SGX quote. */
export interface EnclaveReportFields {
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: Uint8Array;
  readonly attributes: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly reportData: Uint8Array;
}

/** A quoting enclave's report; `reportData` undefined binds the attestation key. */
export type QeReportFields = Omit<EnclaveReportFields, 'reportData'> & {
  readonly reportData: Uint8Array | undefined;
};

export function littleEndian16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >>> 8);
}

export function littleEndian32(value: number): Uint8Array {
  return concatBytes(littleEndian16(value & 0xffff), littleEndian16(value >>> 16));
}

/** 384 bytes, reserved ones and the identifiers of key separation zero. */
export function writeEnclaveReport(fields: EnclaveReportFields): Uint8Array<ArrayBuffer> {
  return concatBytes(
    fields.cpuSvn,
    fields.miscSelect,
    new Uint8Array(28),
    fields.attributes,
    fields.mrEnclave,
    new Uint8Array(32),
    fields.mrSigner,
    new Uint8Array(96),
    littleEndian16(fields.isvProdId),
    littleEndian16(fields.isvSvn),
    new Uint8Array(60),
    fields.reportData,
  );
}
