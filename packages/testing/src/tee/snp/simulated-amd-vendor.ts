import type { AmdProduct, AmdTcb, EndorsementKind } from '@dcml/attest';
import type { Random } from '@dcml/core';
import { type CertificateFields, toPem, writeCertificate } from '../certificate-writer.ts';
import { createSigningKey, type SigningKey } from '../signing-key.ts';
import { type AmdExtensionFields, writeAmdExtensions } from './amd-extension-writer.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** The roles of AMD's PKI for SEV-SNP: ARK, ASK or ASVK, VCEK or VLEK. */
export type AmdRole = 'root' | 'ca' | 'endorsement';
export type AmdKeys = Readonly<Record<AmdRole, SigningKey>>;

/** Keys of AMD's types; RSA keys take a moment, so that several vendors may share them. */
export function createAmdKeys(): AmdKeys {
  return {
    root: createSigningKey('rsa-pss-sha384'),
    ca: createSigningKey('rsa-pss-sha384'),
    endorsement: createSigningKey('ecdsa-sha384'),
  };
}

/** Names of product lines in certificates. */
export const amdProductNames: Readonly<Record<AmdProduct, string>> = {
  milan: 'Milan',
  genoa: 'Genoa',
  turin: 'Turin',
};

/** A simulated AMD processor and the certificates of its key. */
export interface SimulatedAmdVendor {
  readonly keys: AmdKeys;
  /** DER. */
  readonly certificates: Readonly<Record<AmdRole, Uint8Array>>;
  readonly serials: Readonly<Record<AmdRole, Uint8Array>>;
  /** Common names. The organization in every name is `dcml simulation`, which nobody can take for AMD. */
  readonly subjects: Readonly<Record<AmdRole, string>>;
  readonly product: AmdProduct;
  readonly endorsement: EndorsementKind;
  /** As in CHIP_ID: 64 bytes, of which Turin fills eight; zero under a VLEK. */
  readonly chipId: Uint8Array;
  /** What the endorsement certificate is for. */
  readonly tcb: AmdTcb;
  readonly nowMs: number;
}

export interface AmdVendorOptions {
  readonly random: Random;
  readonly nowMs: number;
  readonly product?: AmdProduct;
  readonly endorsement?: EndorsementKind;
  readonly keys?: AmdKeys;
  readonly tcb?: AmdTcb;
  /** Deviations of single certificates, for tests of refusal. */
  readonly certificates?: Partial<Record<AmdRole, Partial<CertificateFields>>>;
  /** Deviations of AMD's extensions of the endorsement certificate. */
  readonly extensions?: Partial<AmdExtensionFields>;
}

/** The TCB of every simulated processor. */
export function simulatedAmdTcb(product: AmdProduct): AmdTcb {
  const tcb = { bootloader: 10, tee: 1, snp: 24, microcode: 219 };
  return product === 'turin' ? { ...tcb, fmc: 2 } : tcb;
}

/** Makes ARK, ASK (or ASVK) and the certificate of one processor's key. */
export function createSimulatedAmdVendor(options: AmdVendorOptions): SimulatedAmdVendor {
  const { random, nowMs, product = 'genoa', endorsement = 'vcek' } = options;
  const keys = options.keys ?? createAmdKeys();
  const tcb = options.tcb ?? simulatedAmdTcb(product);
  const line = amdProductNames[product];
  const isVcek = endorsement === 'vcek';
  const subjects = {
    root: `ARK-${line}`,
    ca: isVcek ? `SEV-${line}` : `SEV-VLEK-${line}`,
    endorsement: isVcek ? 'SEV-VCEK' : 'SEV-VLEK',
  };
  const hardwareId = random.bytes(product === 'turin' ? 8 : 64);
  const chipId = new Uint8Array(64);
  if (isVcek) chipId.set(hardwareId);
  const extensions = writeAmdExtensions({
    structVersion: product === 'turin' ? 1 : 0,
    productName: product === 'milan' && isVcek ? 'Milan-B0' : line,
    product,
    tcb,
    ...(isVcek ? { hardwareId } : { providerId: 'CN=cc-simulated.example' }),
    ...options.extensions,
  });
  const issuers = { root: 'root', ca: 'root', endorsement: 'ca' } as const;
  const issue = (role: AmdRole, special: Partial<CertificateFields>): [Uint8Array, Uint8Array] => {
    const issuer = issuers[role];
    const fields: CertificateFields = {
      serial: Uint8Array.of(1, ...random.bytes(3)),
      subject: subjects[role],
      issuer: subjects[issuer],
      notBeforeMs: nowMs - DAY_MS,
      notAfterMs: nowMs + 7 * YEAR_MS,
      ...special,
      ...options.certificates?.[role],
    };
    return [writeCertificate(fields, keys[role], keys[issuer]), fields.serial];
  };
  const [root, rootSerial] = issue('root', { pathLength: 1, notAfterMs: nowMs + 20 * YEAR_MS });
  const [ca, caSerial] = issue('ca', { pathLength: 0, notAfterMs: nowMs + 20 * YEAR_MS });
  // Every endorsement certificate of AMD's has serial number 0.
  const [leaf, leafSerial] = issue('endorsement', {
    isBare: true,
    extraExtensions: extensions,
    serial: Uint8Array.of(0),
  });
  return {
    keys,
    certificates: { root, ca, endorsement: leaf },
    serials: { root: rootSerial, ca: caSerial, endorsement: leafSerial },
    subjects,
    product,
    endorsement,
    chipId,
    tcb,
    nowMs,
  };
}

/** PEM of the signing CA and the root, in AMD's order. */
export function simulatedAmdChainPem({ certificates }: SimulatedAmdVendor): string {
  return toPem(certificates.ca) + toPem(certificates.root);
}
