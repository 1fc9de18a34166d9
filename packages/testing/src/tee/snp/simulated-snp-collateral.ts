import type { SnpCollateral } from '@dcml/attest';
import { toHex } from '@dcml/core';
import { type CrlFields, writeCrl } from '../certificate-writer.ts';
import type { SigningKey } from '../signing-key.ts';
import { type SimulatedAmdVendor, simulatedAmdChainPem } from './simulated-amd-vendor.ts';

const DAY_MS = 86_400_000;

export interface SimulatedSnpCollateralOptions {
  /** The CRL is issued a day before this moment and lives a year; default: the vendor's `nowMs`. */
  readonly nowMs?: number;
  readonly crl?: Partial<CrlFields>;
  /** Signs the CRL in place of the ARK. */
  readonly crlSigner?: SigningKey;
}

/** The collateral of a simulated processor; every part of the CRL can deviate, for tests of refusal. */
export function issueSimulatedSnpCollateral(
  vendor: SimulatedAmdVendor,
  options: SimulatedSnpCollateralOptions = {},
): SnpCollateral {
  const thisUpdateMs = (options.nowMs ?? vendor.nowMs) - DAY_MS;
  const fields: CrlFields = {
    issuer: vendor.subjects.root,
    thisUpdateMs,
    nextUpdateMs: thisUpdateMs + 365 * DAY_MS,
    revokedSerials: [],
    ...options.crl,
  };
  return {
    endorsementCertificateHex: toHex(vendor.certificates.endorsement),
    issuerChainPem: simulatedAmdChainPem(vendor),
    crlHex: toHex(writeCrl(fields, options.crlSigner ?? vendor.keys.root)),
  };
}
