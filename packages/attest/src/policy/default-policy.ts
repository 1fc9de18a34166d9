import { vendorRoots } from '../vendor-roots/vendor-roots.ts';
import type { EvidencePolicy } from './policy.ts';

/**
 * The strict policy: the vendors' roots; Intel platforms that are `UpToDate` without an open advisory under the
 * collateral of TCB recovery 17 (2025) or later; AMD Genoa and Turin under the chip's own key; GPUs with every
 * measurement compared and no certificate revoked; and an application that the model's creator registered.
 */
export const defaultPolicy: EvidencePolicy = {
  version: 1,
  // A TPM alone keeps nobody out of memory, and a service's token is the service's word.
  kinds: ['tdx', 'dstack-tdx', 'sgx', 'snp', 'nvidia', 'nitro', 'azure-snp', 'azure-tdx'],
  roots: vendorRoots,
  platforms: { allow: null, deny: [] },
  composeHashes: [],
  acceptRegisteredComposeHashes: true,
  imageDigests: null,
  maxKeysetLifetimeSeconds: 30 * 24 * 3600,
  maxEvidenceAgeSeconds: 24 * 3600,
  intel: {
    allowedTcbStatuses: ['UpToDate'],
    allowedAdvisories: [],
    minTcbEvaluationDataNumber: 17,
    mrTds: null,
    rtmrs: [null, null, null, null],
    mrEnclaves: null,
    mrSigners: null,
    minIsvSvn: 0,
  },
  amd: {
    products: ['genoa', 'turin'],
    endorsements: ['vcek', 'vlek'],
    minTcb: {},
    launchDigests: null,
    hostData: null,
    maxVmpl: 0,
    allowSmt: true,
    allowMigrationAgent: false,
  },
  nvidia: {
    minGpus: 0,
    minSwitches: 0,
    architectures: ['hopper', 'blackwell', 'ls10'],
    requireRims: true,
    requireOcsp: true,
  },
  nitro: { pcrs: null },
  tpm: { pcrs: null, requiredPcrs: [] },
};
