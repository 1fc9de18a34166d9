import { defaultPolicy } from './default-policy.ts';
import type { EvidencePolicy } from './policy.ts';

/** As strict about the hardware as the default; whatever application runs on it. */
export const hardwarePolicy: EvidencePolicy = {
  ...defaultPolicy,
  composeHashes: null,
  acceptRegisteredComposeHashes: false,
};
