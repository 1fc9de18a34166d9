import type { AzureSnpEvidence, AzureTdxEvidence } from './azure/evidence.ts';
import type { DstackTdxEvidence } from './dstack/evidence.ts';
import type { NitroEvidence } from './nitro/evidence.ts';
import type { NrasEvidence, NvidiaEvidence } from './nvidia/evidence.ts';
import type { SgxEvidence } from './sgx/evidence.ts';
import type { SnpEvidence } from './snp/evidence.ts';
import type { TdxEvidence } from './tdx/evidence.ts';
import type { TpmEvidence } from './tpm/evidence.ts';

/** Evidence of any kind, as a stranger hands it out: nothing in it is believed. */
export type Evidence =
  | TdxEvidence
  | DstackTdxEvidence
  | SgxEvidence
  | SnpEvidence
  | NvidiaEvidence
  | NrasEvidence
  | NitroEvidence
  | TpmEvidence
  | AzureSnpEvidence
  | AzureTdxEvidence;

export type EvidenceKind = Evidence['kind'];

export const evidenceKinds: readonly EvidenceKind[] = [
  'tdx',
  'dstack-tdx',
  'sgx',
  'snp',
  'nvidia',
  'nras',
  'nitro',
  'tpm',
  'azure-snp',
  'azure-tdx',
];
