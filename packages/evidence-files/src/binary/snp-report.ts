import { toHex } from '@dcml/core';
import { readDer } from '../der/read-der.ts';
import { brokenFile } from '../evidence-files-error.ts';
import type { Part } from '../part.ts';
import { readUint } from './little-endian.ts';

const SNP_REPORT_BYTES = 1184;
/** Before the report in the answer to a report request: status, size, reserved (SNP firmware ABI, MSG_REPORT_RSP). */
const RESPONSE_HEADER_BYTES = 32;
const ENTRY_BYTES = 24;
const MAX_ENTRIES = 32;
const ECDSA_P384_SHA384 = 1;
const FMT_SIGNATURE_ALGORITHM = 0x34;

/** GUIDs of the certificate table (GHCB specification, section 4.1.8.1), as their bytes stand there. */
const tableGuids: ReadonlyMap<string, string> = new Map([
  ['8d75da6364e66445adc5f4b93be8accd', 'VCEK'],
  ['c24b07a85aa23e48aae639c045a0b8a1', 'VLEK'],
  ['79b3b74aacbbe44fa02f05aef327c782', 'ASK'],
  ['a406b4c003a8524997433fb6014cd0ae', 'ARK'],
  ['c31bf89211583d4d97ffd19f88dc67ea', 'CRL'],
]);

function isReport(bytes: Uint8Array, at: number): boolean {
  const version = readUint(bytes, at, 4) ?? 0;
  if (version < 2 || version > 5 || bytes.length < at + SNP_REPORT_BYTES) return false;
  return readUint(bytes, at + FMT_SIGNATURE_ALGORITHM, 4) === ECDSA_P384_SHA384;
}

/** Certificates and CRLs of a certificate table that begins with the bytes. Throws `EVIDENCE_FILE_BROKEN`. */
export function readCertificateTable(table: Uint8Array): Part[] {
  const parts: Part[] = [];
  for (let i = 0; i < MAX_ENTRIES; i++) {
    const at = i * ENTRY_BYTES;
    const guid = table.subarray(at, at + 16);
    if (guid.length < 16) throw brokenFile('SEV-SNP certificate table', 'has no end');
    if (guid.every((byte) => byte === 0)) return parts;
    const offset = readUint(table, at + 16, 4);
    const length = readUint(table, at + 20, 4);
    if (offset === undefined || length === undefined || offset + length > table.length) {
      throw brokenFile('SEV-SNP certificate table', `entry ${i} reaches past the end`);
    }
    if (!tableGuids.has(toHex(guid))) continue;
    const part = readDer(table.subarray(offset, offset + length));
    if (part === undefined) throw brokenFile('SEV-SNP certificate table', `entry ${i} is no certificate`);
    parts.push(part);
  }
  throw brokenFile('SEV-SNP certificate table', `has more than ${MAX_ENTRIES} entries`);
}

export function isCertificateTable(bytes: Uint8Array): boolean {
  return bytes.length > ENTRY_BYTES && tableGuids.has(toHex(bytes.subarray(0, 16)));
}

/** A report, alone or with the certificate table after it, with the firmware's header before it or without. */
export function readSnpReport(bytes: Uint8Array): Part[] | undefined {
  const isAnswer = readUint(bytes, 0, 4) === 0 && readUint(bytes, 4, 4) === SNP_REPORT_BYTES;
  const start = isAnswer ? RESPONSE_HEADER_BYTES : 0;
  if (!isReport(bytes, start)) return undefined;
  const report = bytes.subarray(start, start + SNP_REPORT_BYTES);
  const rest = bytes.subarray(start + SNP_REPORT_BYTES);
  const certificates = rest.some((byte) => byte !== 0) ? readCertificateTable(rest) : [];
  return [{ type: 'snp-report', report }, ...certificates];
}
