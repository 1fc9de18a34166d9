import { type CertificateFields, toPem, writeCertificate } from '../certificate-writer.ts';
import { createSigningKey, type SigningKey } from '../signing-key.ts';

const HOUR_MS = 3_600_000;

/** The roles of AWS's PKI for Nitro, the signer of documents first. */
export const nitroRoles = ['enclave', 'instance', 'zone', 'region', 'root'] as const;
export type NitroRole = (typeof nitroRoles)[number];

const subjects: Readonly<Record<NitroRole, string>> = {
  enclave: 'dcml SIMULATED enclave - not hardware',
  instance: 'dcml SIMULATED instance CA - not hardware',
  zone: 'dcml SIMULATED zonal CA - not hardware',
  region: 'dcml SIMULATED regional CA - not hardware',
  root: 'dcml SIMULATED Nitro Enclaves root - not hardware',
};

/** The hypervisor's keys and certificates behind simulated documents. */
export interface NitroVendor {
  readonly keys: Readonly<Record<NitroRole, SigningKey>>;
  /** DER. */
  readonly certificates: Readonly<Record<NitroRole, Uint8Array>>;
  readonly rootPem: string;
}

export interface NitroVendorOptions {
  readonly nowMs: number;
  /** Deviations of single certificates, for tests of refusal. */
  readonly certificates?: Partial<Record<NitroRole, Partial<CertificateFields>>>;
}

/** Makes a root, its CAs, and the certificate of one enclave's hypervisor, valid for three hours as AWS's are. */
export function createNitroVendor({ nowMs, certificates = {} }: NitroVendorOptions): NitroVendor {
  const keys = {
    enclave: createSigningKey('ecdsa-sha384'),
    instance: createSigningKey('ecdsa-sha384'),
    zone: createSigningKey('ecdsa-sha384'),
    region: createSigningKey('ecdsa-sha384'),
    root: createSigningKey('ecdsa-sha384'),
  };
  const issue = (role: NitroRole): Uint8Array => {
    const level = nitroRoles.indexOf(role);
    const issuer = nitroRoles[level + 1] ?? 'root';
    const fields: CertificateFields = {
      serial: Uint8Array.of(0x52, level + 1),
      subject: subjects[role],
      issuer: subjects[issuer],
      notBeforeMs: nowMs - HOUR_MS,
      notAfterMs: nowMs + (role === 'enclave' ? 2 : 24) * HOUR_MS,
      ...(role === 'enclave' ? {} : { pathLength: level - 1 }),
      ...certificates[role],
    };
    return writeCertificate(fields, keys[role], keys[issuer]);
  };
  const issued = {
    enclave: issue('enclave'),
    instance: issue('instance'),
    zone: issue('zone'),
    region: issue('region'),
    root: issue('root'),
  };
  return { keys, certificates: issued, rootPem: toPem(issued.root) };
}
