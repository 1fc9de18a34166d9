import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { IntelCollateral } from '@dcml/attest';
import { Fields, parseJson } from '@dcml/core';

// Captured documents of third parties lie beside the repository and are never part of it.
const root = process.env['DCML_EVIDENCE'] ?? resolve(import.meta.dirname, '../../../../shared/evidence');

export const hasSamples: boolean = existsSync(join(root, 'tdx'));
if (!hasSamples)
  console.warn(`SKIPPED: no captured evidence at ${root}; set DCML_EVIDENCE to fetch real documents`);

export const readSample = (name: string): Uint8Array => new Uint8Array(readFileSync(join(root, name)));
export const readSampleText = (name: string): string => readFileSync(join(root, name), 'utf8');

/** Real collateral in the form of a `collateral.json` of the samples. */
export function readBundle(name: string): IntelCollateral {
  const fields = new Fields(parseJson(readSampleText(name)), name);
  const read = (member: string): string => fields.string(member, 1 << 20);
  return {
    pckCrlIssuerChainPem: read('pck_crl_issuer_chain'),
    rootCaCrlHex: read('root_ca_crl'),
    pckCrlHex: read('pck_crl'),
    tcbInfoIssuerChainPem: read('tcb_info_issuer_chain'),
    tcbInfo: read('tcb_info'),
    tcbInfoSignatureHex: read('tcb_info_signature'),
    qeIdentityIssuerChainPem: read('qe_identity_issuer_chain'),
    qeIdentity: read('qe_identity'),
    qeIdentitySignatureHex: read('qe_identity_signature'),
  };
}
