import { type CertificateFields, toPem, writeCertificate } from '../certificate-writer.ts';
import { createSigningKey, type SigningKey } from '../signing-key.ts';

const DAY_MS = 86_400_000;

/** The roles of NVIDIA's PKI for manifests, the signer first. */
export const rimRoles = ['signer', 'series', 'product', 'root'] as const;
export type RimRole = (typeof rimRoles)[number];

const subjects: Readonly<Record<RimRole, string>> = {
  signer: 'dcml SIMULATED RIM L4 Signer - not hardware',
  series: 'dcml SIMULATED Reference Value L3 - not hardware',
  product: 'dcml SIMULATED Reference Value CA - not hardware',
  root: 'dcml SIMULATED CoRIM signing Root CA - not hardware',
};

/** Who signs simulated manifests: four certificates, as in NVIDIA's. */
export interface RimSigner {
  readonly keys: Readonly<Record<RimRole, SigningKey>>;
  /** DER, leaf first, root last. */
  readonly chain: readonly Uint8Array[];
  /** Serial numbers in the order of the chain. */
  readonly serials: readonly Uint8Array[];
  readonly rootPem: string;
}

export interface RimSignerOptions {
  readonly nowMs: number;
  /** Deviations of single certificates, for tests of refusal. */
  readonly certificates?: Partial<Record<RimRole, Partial<CertificateFields>>>;
}

/** Makes a root for manifests and a signer under it. */
export function createRimSigner({ nowMs, certificates = {} }: RimSignerOptions): RimSigner {
  const keys = {
    signer: createSigningKey('ecdsa-sha384'),
    series: createSigningKey('ecdsa-sha384'),
    product: createSigningKey('ecdsa-sha384'),
    root: createSigningKey('ecdsa-sha384'),
  };
  const serials = rimRoles.map((_, i) => Uint8Array.of(0x51, i + 1));
  const chain = rimRoles.map((role, i) => {
    const issuer = rimRoles[i + 1] ?? 'root';
    const fields: CertificateFields = {
      serial: serials[i]!,
      subject: subjects[role],
      issuer: subjects[issuer],
      notBeforeMs: nowMs - 30 * DAY_MS,
      notAfterMs: nowMs + 365 * DAY_MS,
      ...(role === 'signer' ? {} : { pathLength: i - 1 }),
      ...certificates[role],
    };
    return writeCertificate(fields, keys[role], keys[issuer]);
  });
  return { keys, chain, serials, rootPem: toPem(chain.at(-1)!) };
}
