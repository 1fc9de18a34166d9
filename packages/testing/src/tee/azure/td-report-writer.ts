import { concatBytes, sha384 } from '@dcml/core';
import type { TdReportFields } from '../quote-writer.ts';

export interface TdReportExtras {
  readonly type?: Uint8Array;
  readonly mac?: Uint8Array;
  /** In place of the hashes of TEE_TCB_INFO and TDINFO. */
  readonly tcbInfoHash?: Uint8Array;
  readonly tdInfoHash?: Uint8Array;
}

/** TDREPORT_STRUCT (1,024 bytes; Intel TDX Module ABI specification) of a TD with these fields. */
export function writeTdReport(td: TdReportFields, extras: TdReportExtras = {}): Uint8Array<ArrayBuffer> {
  const zero = (length: number): Uint8Array => new Uint8Array(length);
  const tcbInfo = concatBytes(
    zero(8),
    td.teeTcbSvn,
    td.mrSeam,
    td.mrSignerSeam,
    td.seamAttributes,
    td.teeTcbSvn2 ?? zero(16),
    zero(95),
  );
  const tdInfo = concatBytes(
    td.tdAttributes,
    td.xfam,
    td.mrTd,
    td.mrConfigId,
    td.mrOwner,
    td.mrOwnerConfig,
    ...td.rtmrs,
    td.mrServiceTd ?? zero(48),
    zero(64),
  );
  return concatBytes(
    extras.type ?? Uint8Array.of(0x81, 0, 0, 0),
    zero(12),
    zero(16).fill(3),
    extras.tcbInfoHash ?? sha384(tcbInfo),
    extras.tdInfoHash ?? sha384(tdInfo),
    td.reportData,
    zero(32),
    extras.mac ?? zero(32).fill(0xa5),
    tcbInfo,
    zero(17),
    tdInfo,
  );
}
