import type { EvidencePolicy } from './policy.ts';
import { intelSgxRootCaPem } from './vendor-roots.ts';

/**
 * The strict policy: Intel's root, nothing but `UpToDate` and no open advisory, the collateral of TCB recovery 17
 * (2025) or later, and an application that the model's creator registered.
 */
export const defaultPolicy: EvidencePolicy = {
  version: 1,
  roots: [{ name: 'Intel SGX Root CA', kind: 'intel', certificatePem: intelSgxRootCaPem }],
  allowedTcbStatuses: ['UpToDate'],
  allowedAdvisories: [],
  minTcbEvaluationDataNumber: 17,
  composeHashes: [],
  acceptRegisteredComposeHashes: true,
  mrTds: null,
  maxKeysetLifetimeSeconds: 30 * 24 * 3600,
};
