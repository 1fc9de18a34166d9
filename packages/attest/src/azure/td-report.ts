import { equalBytes, sha384 } from '@dcml/core';
import { ByteCursor } from '../byte-cursor.ts';
import type { TdBody } from '../tdx/quote.ts';

type Field = readonly [name: string, report: Uint8Array, quoted: Uint8Array | undefined];

/** Every field that the report has in common with the quote (Intel TDX Module ABI, TDREPORT_STRUCT). */
function commonFields(
  tcbInfo: Uint8Array,
  tdInfo: Uint8Array,
  reportData: Uint8Array,
  body: TdBody,
): Field[] {
  const tcb = (offset: number, length: number): Uint8Array => tcbInfo.subarray(offset, offset + length);
  const td = (offset: number, length: number): Uint8Array => tdInfo.subarray(offset, offset + length);
  return [
    ['REPORTDATA', reportData, body.reportData],
    ['TEE_TCB_SVN', tcb(8, 16), body.teeTcbSvn],
    ['MRSEAM', tcb(24, 48), body.mrSeam],
    ['MRSIGNERSEAM', tcb(72, 48), body.mrSignerSeam],
    ['SEAMATTRIBUTES', tcb(120, 8), body.seamAttributes],
    ['TEE_TCB_SVN2', tcb(128, 16), body.teeTcbSvn2],
    ['TDATTRIBUTES', td(0, 8), body.tdAttributes],
    ['XFAM', td(8, 8), body.xfam],
    ['MRTD', td(16, 48), body.mrTd],
    ['MRCONFIGID', td(64, 48), body.mrConfigId],
    ['MROWNER', td(112, 48), body.mrOwner],
    ['MROWNERCONFIG', td(160, 48), body.mrOwnerConfig],
    ...body.rtmrs.map((rtmr, i): Field => [`RTMR${i}`, td(208 + 48 * i, 48), rtmr]),
    ['MRSERVICETD', td(400, 48), body.mrServiceTd],
  ];
}

/**
 * Why a TD report (1,024 bytes) is not the one that a quote was made of, or undefined. All its measurements and its own
 * hashes over them are compared; CPUSVN and the MAC, which only the processor that made it can check, are not used.
 * Throws `ATTEST_FORMAT`.
 */
export function tdReportProblem(report: Uint8Array, body: TdBody): string | undefined {
  const cursor = new ByteCursor(report, 'TD report');
  const [type, subtype] = cursor.bytes(2, 'report type');
  if (type !== 0x81 || subtype !== 0) cursor.fail('is not of a TD', 0);
  cursor.bytes(1, 'report version');
  cursor.zero(13, 'reserved');
  cursor.bytes(16, 'CPUSVN');
  const tcbInfoHash = cursor.bytes(48, 'hash of TEE_TCB_INFO');
  const tdInfoHash = cursor.bytes(48, 'hash of TDINFO');
  const reportData = cursor.bytes(64, 'REPORTDATA');
  cursor.zero(32, 'reserved');
  cursor.bytes(32, 'MAC');
  const tcbInfo = cursor.bytes(239, 'TEE_TCB_INFO');
  cursor.zero(17, 'reserved');
  const tdInfo = cursor.bytes(512, 'TDINFO');
  cursor.end();
  if (!equalBytes(sha384(tcbInfo), tcbInfoHash))
    return 'the TD report does not have the hash of its TEE_TCB_INFO';
  if (!equalBytes(sha384(tdInfo), tdInfoHash)) return 'the TD report does not have the hash of its TDINFO';
  const different = commonFields(tcbInfo, tdInfo, reportData, body).find(
    ([, own, quoted]) => quoted !== undefined && !equalBytes(own, quoted),
  );
  return different === undefined ? undefined : `the TD report has another ${different[0]} than the quote`;
}
