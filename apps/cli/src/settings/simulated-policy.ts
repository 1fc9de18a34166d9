import { defaultPolicy, encodePolicy } from '@dcml/attest';
import type { PolicyFacts } from '@dcml/devnet';

/** As strict as the default, but for the one root that a network's evidence ends in: its verdicts say `SIMULATED`. */
export function simulatedPolicy({ rootPem, composeHash }: PolicyFacts): string {
  return encodePolicy({
    ...defaultPolicy,
    roots: [{ name: 'SIMULATED root of this home', kind: 'intel', certificatePem: rootPem }],
    composeHashes: [composeHash],
  });
}
