import { defaultPolicy } from '@dcml/attest';
import type { JsonObject } from '@dcml/core';
import type { PolicyFacts } from '@dcml/devnet';
import { encodeEvidencePolicy } from './evidence-policy.ts';

/** As strict as the default, but for the one root that a network's evidence ends in: its verdicts say `SIMULATED`. */
export function simulatedPolicy({ rootPem, composeHash }: PolicyFacts): JsonObject {
  return encodeEvidencePolicy({
    ...defaultPolicy,
    roots: [{ name: 'SIMULATED root of this home', kind: 'intel', certificatePem: rootPem }],
    composeHashes: [composeHash],
  });
}
