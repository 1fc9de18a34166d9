import { assertLength, concatBytes } from '@dcml/core';
import { type SigningKey, signWith } from '../signing-key.ts';

/** Fields of an attestation report. Byte strings have the length that the report gives them. */
export interface SnpReportFields {
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: number;
  readonly familyId: Uint8Array;
  readonly imageId: Uint8Array;
  readonly vmpl: number;
  readonly signatureAlgorithm: number;
  readonly currentTcb: Uint8Array;
  readonly platformInfo: number;
  readonly keyInfo: number;
  readonly reportData: Uint8Array;
  readonly measurement: Uint8Array;
  readonly hostData: Uint8Array;
  readonly idKeyDigest: Uint8Array;
  readonly authorKeyDigest: Uint8Array;
  readonly reportId: Uint8Array;
  readonly migrationAgentReportId: Uint8Array;
  readonly reportedTcb: Uint8Array;
  /** Family, model, stepping; three zero bytes up to version 2. */
  readonly processor: Uint8Array;
  readonly chipId: Uint8Array;
  readonly committedTcb: Uint8Array;
  /** Build, minor, major. */
  readonly currentVersion: Uint8Array;
  readonly committedVersion: Uint8Array;
  readonly launchTcb: Uint8Array;
  /** Zero below version 5. */
  readonly launchMitigations: Uint8Array;
  readonly currentMitigations: Uint8Array;
}

const SIGNED_BYTES = 0x2a0;
const REPORT_BYTES = 1184;

function littleEndian(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** i) % 256);
}

function body(fields: SnpReportFields): Uint8Array<ArrayBuffer> {
  const zero = (length: number): Uint8Array => new Uint8Array(length);
  const head = concatBytes(
    littleEndian(fields.version, 4),
    littleEndian(fields.guestSvn, 4),
    littleEndian(fields.policy, 8),
    fields.familyId,
    fields.imageId,
    littleEndian(fields.vmpl, 4),
    littleEndian(fields.signatureAlgorithm, 4),
    fields.currentTcb,
    littleEndian(fields.platformInfo, 8),
    littleEndian(fields.keyInfo, 4),
    zero(4),
    fields.reportData,
    fields.measurement,
    fields.hostData,
    fields.idKeyDigest,
    fields.authorKeyDigest,
    fields.reportId,
    fields.migrationAgentReportId,
    fields.reportedTcb,
    fields.processor,
    zero(21),
    fields.chipId,
    fields.committedTcb,
    fields.currentVersion,
    zero(1),
    fields.committedVersion,
    zero(1),
    fields.launchTcb,
    fields.launchMitigations,
    fields.currentMitigations,
  );
  assertLength(head, 0x208, 'SNP report');
  return concatBytes(head, zero(SIGNED_BYTES - head.length));
}

/**
 * A signed report (SEV-SNP firmware ABI specification, ATTESTATION_REPORT). `edit` may change the 672 bytes before
 * they are signed, for tests of refusal.
 */
export function writeSnpReport(
  fields: SnpReportFields,
  key: SigningKey,
  edit: (signedBytes: Uint8Array) => void = () => {},
): Uint8Array<ArrayBuffer> {
  const signedBytes = body(fields);
  edit(signedBytes);
  const report = new Uint8Array(REPORT_BYTES);
  report.set(signedBytes);
  const signature = signWith(key, signedBytes, 'raw');
  // r and s little-endian, in 72 bytes each.
  report.set(signature.slice(0, 48).reverse(), SIGNED_BYTES);
  report.set(signature.slice(48).reverse(), SIGNED_BYTES + 72);
  return report;
}
