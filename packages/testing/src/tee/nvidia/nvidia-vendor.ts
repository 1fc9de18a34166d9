import { type CertificateFields, toPem, writeCertificate } from '../certificate-writer.ts';
import { createSigningKey, type SigningKey } from '../signing-key.ts';
import type { SimulatedArchitecture } from './device-writer.ts';

const DAY_MS = 86_400_000;

/** A CA of the simulated vendor. */
export interface SimulatedCa {
  readonly subject: string;
  readonly key: SigningKey;
  readonly der: Uint8Array;
  readonly serial: Uint8Array;
}

/** A vendor of devices with the PKI that NVIDIA's have: root, CA of identities, a provisioner for each architecture. */
export interface NvidiaVendor {
  readonly nowMs: number;
  readonly root: SimulatedCa;
  readonly ca: SimulatedCa;
  readonly provisioners: Readonly<Record<SimulatedArchitecture, SimulatedCa>>;
  readonly rootPem: string;
}

export interface NvidiaVendorOptions {
  readonly nowMs: number;
  /** Deviations of single certificates, for tests of refusal. */
  readonly root?: Partial<CertificateFields>;
  readonly ca?: Partial<CertificateFields>;
  readonly provisioner?: Partial<CertificateFields>;
  /** Signs the provisioners instead of the CA. */
  readonly provisionerIssuerKey?: SigningKey;
}

const ROOT = 'dcml SIMULATED Device Identity CA - not hardware';
const CA = 'NVIDIA GH100 Identity';
const provisionerNames: Readonly<Record<SimulatedArchitecture, string>> = {
  hopper: 'NVIDIA GH100 Provisioner ICA 1',
  blackwell: 'NVIDIA GB100 Provisioner ICA 00000',
  ls10: 'NVIDIA LS_10 Provisioner ICA 1',
};

/** Makes a vendor with new keys. */
export function createNvidiaVendor(options: NvidiaVendorOptions): NvidiaVendor {
  const { nowMs } = options;
  const validity = { notBeforeMs: nowMs - 365 * DAY_MS, notAfterMs: nowMs + 3650 * DAY_MS };
  let serials = 0;
  const issue = (
    subject: string,
    pathLength: number,
    by: { readonly subject: string; readonly key: SigningKey } | undefined,
    fields: Partial<CertificateFields> = {},
  ): SimulatedCa => {
    const key = createSigningKey('ecdsa-sha384');
    const serial = Uint8Array.of(0x31, ++serials);
    const written = { serial, subject, issuer: by?.subject ?? subject, pathLength, ...validity, ...fields };
    const der = writeCertificate(written, key, by?.key ?? key);
    return { subject: written.subject, key, der, serial };
  };
  const root = issue(ROOT, 3, undefined, options.root);
  const ca = issue(CA, 2, root, options.ca);
  const issuer = { subject: ca.subject, key: options.provisionerIssuerKey ?? ca.key };
  const provision = (architecture: SimulatedArchitecture): SimulatedCa =>
    issue(provisionerNames[architecture], 1, issuer, options.provisioner);
  const provisioners = {
    hopper: provision('hopper'),
    blackwell: provision('blackwell'),
    ls10: provision('ls10'),
  };
  return { nowMs, root, ca, provisioners, rootPem: toPem(root.der) };
}
