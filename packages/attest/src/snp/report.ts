/** What the guest's owner demanded of the platform (SEV-SNP firmware ABI, guest policy). */
export interface GuestPolicy {
  /** The least firmware ABI that may run the guest. */
  readonly abiMajor: number;
  readonly abiMinor: number;
  readonly allowsSmt: boolean;
  readonly allowsMigrationAgent: boolean;
  readonly allowsDebug: boolean;
  readonly isSingleSocket: boolean;
  readonly allowsCxl: boolean;
  readonly requiresAes256Xts: boolean;
  readonly requiresRaplDisabled: boolean;
  readonly requiresCiphertextHiding: boolean;
  readonly disablesPageSwap: boolean;
}

/** How the platform is set up (PLATFORM_INFO). */
export interface PlatformInfo {
  readonly smtEnabled: boolean;
  readonly tsmeEnabled: boolean;
  readonly eccEnabled: boolean;
  readonly raplDisabled: boolean;
  readonly ciphertextHiding: boolean;
  readonly aliasCheckComplete: boolean;
  readonly iommuWriteSafe: boolean;
  readonly trustedIo: boolean;
}

export type SnpSigningKey = 'vcek' | 'vlek' | 'none';

export interface FirmwareVersion {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
}

/** CPUID leaf 1: family and model with their extended parts. */
export interface ProcessorId {
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
}

/** An attestation report, read and not yet believed. Byte strings are views. */
export interface SnpReport {
  /** 2 to 5. */
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: GuestPolicy;
  /** 16 bytes. */
  readonly familyId: Uint8Array;
  /** 16 bytes. */
  readonly imageId: Uint8Array;
  /** 0 (most privileged) to 3. */
  readonly vmpl: number;
  readonly platformInfo: PlatformInfo;
  readonly hasAuthorKey: boolean;
  readonly isChipKeyMasked: boolean;
  readonly signingKey: SnpSigningKey;
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  /** Launch digest, 48 bytes. */
  readonly measurement: Uint8Array;
  /** 32 bytes. */
  readonly hostData: Uint8Array;
  /** 48 bytes. */
  readonly idKeyDigest: Uint8Array;
  /** 48 bytes. */
  readonly authorKeyDigest: Uint8Array;
  /** 32 bytes. */
  readonly reportId: Uint8Array;
  /** Report id of the migration agent, 32 bytes. */
  readonly migrationAgentReportId: Uint8Array;
  /** From version 3 on. */
  readonly processor: ProcessorId | undefined;
  /** 64 bytes. */
  readonly chipId: Uint8Array;
  /** TCB versions as they stand, 8 bytes each; their layout depends on the product (`decodeTcb`). */
  readonly currentTcb: Uint8Array;
  readonly reportedTcb: Uint8Array;
  readonly committedTcb: Uint8Array;
  readonly launchTcb: Uint8Array;
  readonly currentVersion: FirmwareVersion;
  readonly committedVersion: FirmwareVersion;
  /** Mitigation vectors, 8 bytes little-endian each; from version 5 on. */
  readonly launchMitigations: Uint8Array | undefined;
  readonly currentMitigations: Uint8Array | undefined;
  /** What the signature covers. */
  readonly signedBytes: Uint8Array;
  /** r and s, big-endian, 48 bytes each. */
  readonly signature: Uint8Array;
}
