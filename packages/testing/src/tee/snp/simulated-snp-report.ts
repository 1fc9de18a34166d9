import type { AmdProduct } from '@dcml/attest';
import { encodeUtf8, sha384 } from '@dcml/core';
import type { SigningKey } from '../signing-key.ts';
import { writeAmdTcb } from './amd-tcb-writer.ts';
import type { SimulatedAmdVendor } from './simulated-amd-vendor.ts';
import { type SnpReportFields, writeSnpReport } from './snp-report-writer.ts';

/** Launch digest of every simulated guest. */
export const simulatedLaunchDigest: Uint8Array = sha384(encodeUtf8('dcml SIMULATED launch'));

const processors: Readonly<Record<AmdProduct, Uint8Array>> = {
  milan: Uint8Array.of(0x19, 0x01, 1),
  genoa: Uint8Array.of(0x19, 0x11, 1),
  turin: Uint8Array.of(0x1a, 0x02, 1),
};

export interface SimulatedSnpReportOptions {
  readonly fields?: Partial<SnpReportFields>;
  /** Signs in place of the endorsed key. */
  readonly signer?: SigningKey;
  /** Changes the bytes before they are signed. */
  readonly edit?: (signedBytes: Uint8Array) => void;
}

/** The report of a guest without debugging at VMPL 0, on a processor whose TCBs are all the certified one. */
export function simulatedSnpFields(vendor: SimulatedAmdVendor, version: number): SnpReportFields {
  const { product, endorsement, chipId } = vendor;
  const tcb = writeAmdTcb(product, vendor.tcb);
  const vector = Uint8Array.of(version >= 5 ? 0x0b : 0, 0, 0, 0, 0, 0, 0, 0);
  return {
    version,
    guestSvn: 7,
    // ABI 1.55 at least, SMT allowed, the bit that must be one.
    policy: 0x30137,
    familyId: new Uint8Array(16),
    imageId: new Uint8Array(16),
    vmpl: 0,
    signatureAlgorithm: 1,
    currentTcb: tcb,
    // SMT, ECC, alias check complete.
    platformInfo: 0x25,
    keyInfo: endorsement === 'vcek' ? 0 : 1 << 2,
    reportData: new Uint8Array(64),
    measurement: simulatedLaunchDigest,
    hostData: new Uint8Array(32),
    idKeyDigest: new Uint8Array(48),
    authorKeyDigest: new Uint8Array(48),
    reportId: sha384(chipId).subarray(0, 32),
    migrationAgentReportId: new Uint8Array(32).fill(0xff),
    reportedTcb: tcb,
    processor: version >= 3 ? processors[product] : new Uint8Array(3),
    chipId,
    committedTcb: tcb,
    currentVersion: Uint8Array.of(40, 55, 1),
    committedVersion: Uint8Array.of(40, 55, 1),
    launchTcb: tcb,
    launchMitigations: vector,
    currentMitigations: vector,
  };
}

/** A report under the simulated root; every field can deviate, for tests of refusal. */
export function signSimulatedSnpReport(
  vendor: SimulatedAmdVendor,
  version = 3,
  options: SimulatedSnpReportOptions = {},
): Uint8Array<ArrayBuffer> {
  const fields = { ...simulatedSnpFields(vendor, version), ...options.fields };
  return writeSnpReport(fields, options.signer ?? vendor.keys.endorsement, options.edit);
}
