import { fromHex, type Random } from '@dcml/core';
import { type CertificateFields, toPem, writeCertificate } from './certificate-writer.ts';
import { createEcKey, type EcKey } from './ec-key.ts';
import { type PlatformIdentity, writeSgxExtension } from './sgx-extension-writer.ts';

const DAY_MS = 86_400_000;

/** The roles of Intel's PKI for SGX and TDX. */
export const vendorRoles = ['root', 'pckCa', 'tcbSigning', 'pck'] as const;
export type VendorRole = (typeof vendorRoles)[number];

/** Subjects that nobody can take for hardware. */
export const simulatedSubjects: Readonly<Record<VendorRole, string>> = {
  root: 'dcml SIMULATED SGX Root CA - not hardware',
  pckCa: 'dcml SIMULATED SGX PCK Platform CA - not hardware',
  tcbSigning: 'dcml SIMULATED SGX TCB Signing - not hardware',
  pck: 'dcml SIMULATED SGX PCK Certificate - not hardware',
};

/** A hardware vendor made for tests: the keys and certificates behind simulated quotes and collateral. */
export interface SimulatedVendor {
  readonly keys: Readonly<Record<VendorRole | 'attestation', EcKey>>;
  /** DER. */
  readonly certificates: Readonly<Record<VendorRole, Uint8Array>>;
  readonly serials: Readonly<Record<VendorRole, Uint8Array>>;
  readonly platform: PlatformIdentity;
  /** When collateral is issued unless said otherwise. */
  readonly nowMs: number;
}

export interface VendorOptions {
  readonly random: Random;
  readonly nowMs: number;
  readonly platform?: Partial<PlatformIdentity>;
  /** Deviations of single certificates, for tests of refusal. */
  readonly certificates?: Partial<Record<VendorRole, Partial<CertificateFields>>>;
}

function issuerOf(role: VendorRole): VendorRole {
  return role === 'pck' ? 'pckCa' : 'root';
}

/** Makes a root, a PCK CA, a TCB signing certificate, and one platform with its PCK and attestation key. */
export function createSimulatedVendor(options: VendorOptions): SimulatedVendor {
  const { random, nowMs } = options;
  const platform: PlatformIdentity = {
    ppid: random.bytes(16),
    cpuSvn: fromHex('03030202040100050000000000000000'),
    pceSvn: 11,
    pceId: new Uint8Array(2),
    // No real processor has this FMSPC.
    fmspc: fromHex('ffd000000000'),
    ...options.platform,
  };
  const keys = {
    root: createEcKey(random),
    pckCa: createEcKey(random),
    tcbSigning: createEcKey(random),
    pck: createEcKey(random),
    attestation: createEcKey(random),
  };
  const issue = (role: VendorRole, special: Partial<CertificateFields>): [Uint8Array, Uint8Array] => {
    const serial = random.bytes(20);
    serial[0] = (serial[0]! & 0x3f) | 0x40;
    const fields: CertificateFields = {
      serial,
      subject: simulatedSubjects[role],
      issuer: simulatedSubjects[issuerOf(role)],
      notBeforeMs: nowMs - DAY_MS,
      notAfterMs: nowMs + 7 * 365 * DAY_MS,
      ...special,
      ...options.certificates?.[role],
    };
    return [writeCertificate(fields, keys[role], keys[issuerOf(role)]), fields.serial];
  };
  const [root, rootSerial] = issue('root', { pathLength: 1, notAfterMs: nowMs + 20 * 365 * DAY_MS });
  const [pckCa, pckCaSerial] = issue('pckCa', { pathLength: 0 });
  const [tcbSigning, tcbSigningSerial] = issue('tcbSigning', {});
  const [pck, pckSerial] = issue('pck', { sgxExtension: writeSgxExtension(platform) });
  return {
    keys,
    certificates: { root, pckCa, tcbSigning, pck },
    serials: { root: rootSerial, pckCa: pckCaSerial, tcbSigning: tcbSigningSerial, pck: pckSerial },
    platform,
    nowMs,
  };
}

/** PEM of the certificates of `roles`, in that order. */
export function simulatedChainPem(vendor: SimulatedVendor, ...roles: readonly VendorRole[]): string {
  return roles.map((role) => toPem(vendor.certificates[role])).join('');
}
