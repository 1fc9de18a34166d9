import { concatBytes } from '@dcml/core';
import { ByteCursor } from '../byte-cursor.ts';
import type {
  FirmwareVersion,
  GuestPolicy,
  PlatformInfo,
  ProcessorId,
  SnpReport,
  SnpSigningKey,
} from './report.ts';

export const SNP_REPORT_BYTES = 1184;

/** Where each TCB version stands in a report. */
export const tcbOffsets = { current: 0x38, reported: 0x180, committed: 0x1e0, launch: 0x1f0 } as const;
export const SNP_REPORT_DATA_OFFSET = 0x50;

const SIGNED_BYTES = 0x2a0;
const ECDSA_P384_SHA384 = 1;
const SCALAR_BYTES = 48;

function bit(bits: number, index: number): boolean {
  return ((bits >>> index) & 1) === 1;
}

/** Bits 0 to 25 and their meaning: SEV-SNP firmware ABI, guest policy. */
function readPolicy(cursor: ByteCursor): GuestPolicy {
  const start = cursor.offset;
  const bits = cursor.u32('guest policy');
  if (!bit(bits, 17)) cursor.fail('bit 17 of the guest policy must be one', start + 2);
  if (bits >>> 26 !== 0) cursor.fail('reserved bits of the guest policy must be zero', start + 3);
  cursor.zero(4, 'reserved bits of the guest policy');
  return {
    abiMinor: bits & 0xff,
    abiMajor: (bits >>> 8) & 0xff,
    allowsSmt: bit(bits, 16),
    allowsMigrationAgent: bit(bits, 18),
    allowsDebug: bit(bits, 19),
    isSingleSocket: bit(bits, 20),
    allowsCxl: bit(bits, 21),
    requiresAes256Xts: bit(bits, 22),
    requiresRaplDisabled: bit(bits, 23),
    requiresCiphertextHiding: bit(bits, 24),
    disablesPageSwap: bit(bits, 25),
  };
}

function readPlatformInfo(cursor: ByteCursor): PlatformInfo {
  const bits = cursor.bytes(1, 'platform info')[0]!;
  cursor.zero(7, 'reserved bits of the platform info');
  return {
    smtEnabled: bit(bits, 0),
    tsmeEnabled: bit(bits, 1),
    eccEnabled: bit(bits, 2),
    raplDisabled: bit(bits, 3),
    ciphertextHiding: bit(bits, 4),
    aliasCheckComplete: bit(bits, 5),
    iommuWriteSafe: bit(bits, 6),
    trustedIo: bit(bits, 7),
  };
}

const signingKeys: ReadonlyMap<number, SnpSigningKey> = new Map([
  [0, 'vcek'],
  [1, 'vlek'],
  [7, 'none'],
]);

function readKeyInfo(cursor: ByteCursor): Pick<SnpReport, 'hasAuthorKey' | 'isChipKeyMasked' | 'signingKey'> {
  const start = cursor.offset;
  const bits = cursor.u32('key info');
  const signingKey = signingKeys.get((bits >>> 2) & 7);
  if (signingKey === undefined) cursor.fail('signing key is of a reserved kind', start);
  if (bits >>> 5 !== 0) cursor.fail('reserved bits of the key info must be zero', start);
  cursor.zero(4, 'reserved bytes after the key info');
  return { hasAuthorKey: bit(bits, 0), isChipKeyMasked: bit(bits, 1), signingKey };
}

/** Versions up to 2 have 24 reserved bytes where later ones name the processor. */
function readProcessor(cursor: ByteCursor, version: number): ProcessorId | undefined {
  const hasProcessor = version >= 3;
  const id = hasProcessor ? cursor.bytes(3, 'CPUID') : undefined;
  cursor.zero(hasProcessor ? 21 : 24, 'reserved bytes after the reported TCB');
  if (id === undefined) return undefined;
  return { family: id[0]!, model: id[1]!, stepping: id[2]! };
}

function readVersion(cursor: ByteCursor, field: string): FirmwareVersion {
  const bytes = cursor.bytes(3, field);
  cursor.zero(1, `reserved byte after the ${field}`);
  return { build: bytes[0]!, minor: bytes[1]!, major: bytes[2]! };
}

/** A little-endian scalar of 72 bytes, of which a P-384 scalar fills 48; as 48 big-endian bytes. */
function readScalar(cursor: ByteCursor, field: string): Uint8Array {
  const scalar = Uint8Array.from(cursor.bytes(SCALAR_BYTES, field)).reverse();
  cursor.zero(72 - SCALAR_BYTES, `upper bytes of ${field}`);
  return scalar;
}

/**
 * Parses an attestation report of version 2 to 5 (SEV-SNP firmware ABI specification, ATTESTATION_REPORT): exactly
 * 1,184 bytes, all that is reserved zero. Throws `ATTEST_FORMAT` with the offset.
 */
export function parseSnpReport(bytes: Uint8Array): SnpReport {
  const cursor = new ByteCursor(bytes, 'SNP report');
  if (bytes.length !== SNP_REPORT_BYTES) {
    cursor.fail(`has ${bytes.length} bytes, expected ${SNP_REPORT_BYTES}`);
  }
  const version = cursor.u32('version');
  if (version < 2 || version > 5) cursor.fail(`version ${version} is not supported (expected 2 to 5)`, 0);
  const guestSvn = cursor.u32('guest SVN');
  const policy = readPolicy(cursor);
  const familyId = cursor.bytes(16, 'family id');
  const imageId = cursor.bytes(16, 'image id');
  const vmpl = cursor.u32('VMPL');
  if (vmpl > 3) cursor.fail(`VMPL ${vmpl} does not exist (the host asked for this report)`, 0x30);
  const algorithm = cursor.u32('signature algorithm');
  if (algorithm !== ECDSA_P384_SHA384) {
    cursor.fail(`signature algorithm ${algorithm} is not ECDSA P-384 with SHA-384`, 0x34);
  }
  const currentTcb = cursor.bytes(8, 'current TCB');
  const platformInfo = readPlatformInfo(cursor);
  const keyInfo = readKeyInfo(cursor);
  const reportData = cursor.bytes(64, 'report data');
  const measurement = cursor.bytes(48, 'measurement');
  const hostData = cursor.bytes(32, 'host data');
  const idKeyDigest = cursor.bytes(48, 'id key digest');
  const authorKeyDigest = cursor.bytes(48, 'author key digest');
  const reportId = cursor.bytes(32, 'report id');
  const migrationAgentReportId = cursor.bytes(32, 'report id of the migration agent');
  const reportedTcb = cursor.bytes(8, 'reported TCB');
  const processor = readProcessor(cursor, version);
  const chipId = cursor.bytes(64, 'chip id');
  const committedTcb = cursor.bytes(8, 'committed TCB');
  const currentVersion = readVersion(cursor, 'current version');
  const committedVersion = readVersion(cursor, 'committed version');
  const launchTcb = cursor.bytes(8, 'launch TCB');
  const hasMitigations = version >= 5;
  const launchMitigations = hasMitigations ? cursor.bytes(8, 'launch mitigation vector') : undefined;
  const currentMitigations = hasMitigations ? cursor.bytes(8, 'current mitigation vector') : undefined;
  cursor.zero(SIGNED_BYTES - cursor.offset, 'reserved bytes before the signature');
  const r = readScalar(cursor, 'r');
  const s = readScalar(cursor, 's');
  cursor.zero(cursor.remaining, 'reserved bytes after the signature');
  return {
    version,
    guestSvn,
    policy,
    familyId,
    imageId,
    vmpl,
    platformInfo,
    ...keyInfo,
    reportData,
    measurement,
    hostData,
    idKeyDigest,
    authorKeyDigest,
    reportId,
    migrationAgentReportId,
    processor,
    chipId,
    currentTcb,
    reportedTcb,
    committedTcb,
    launchTcb,
    currentVersion,
    committedVersion,
    launchMitigations,
    currentMitigations,
    signedBytes: bytes.subarray(0, SIGNED_BYTES),
    signature: concatBytes(r, s),
  };
}
