import type { PartOf } from '../part.ts';
import { hasBytes, readUint } from './little-endian.ts';

const SIGNATURE: readonly number[] = [0x48, 0x43, 0x4c, 0x41];
const HCL_HEADER_BYTES = 32;
/** Room for the hardware report in an HCL report; a TD report of 1,024 bytes leaves the end zero. */
const HCL_REPORT_BYTES = 1184;
/** The hardware report inside an HCL report. */
export function hclHardwareReport(report: Uint8Array): Uint8Array {
  return report.subarray(HCL_HEADER_BYTES, HCL_HEADER_BYTES + HCL_REPORT_BYTES);
}

const REPORT_TYPE_OFFSET = HCL_HEADER_BYTES + HCL_REPORT_BYTES + 8;
const hardwareByType: ReadonlyMap<number, 'snp' | 'tdx'> = new Map([
  [2, 'snp'],
  [4, 'tdx'],
]);

/** The report that Azure's paravisor keeps in the vTPM (`HCLA`); undefined for anything else. */
export function readHclReport(bytes: Uint8Array): PartOf<'hcl-report'> | undefined {
  if (!hasBytes(bytes, 0, SIGNATURE)) return undefined;
  const hardware = hardwareByType.get(readUint(bytes, REPORT_TYPE_OFFSET, 4) ?? 0);
  return hardware && { type: 'hcl-report', hardware, report: bytes };
}
