import { defaultPolicy, encodePolicy } from '@dcml/attest';
import type { PolicyFacts } from '@dcml/devnet';

/** As strict as the default, but for the one root that a network's evidence ends in (its verdicts say `SIMULATED`),
 * and for the one guest image and application of the network. */
export function simulatedPolicy({ rootPem, composeHash, image }: PolicyFacts): string {
  return encodePolicy({
    ...defaultPolicy,
    roots: [{ name: 'SIMULATED root of this home', kind: 'intel', certificatePem: rootPem }],
    composeHashes: [composeHash],
    intel: { ...defaultPolicy.intel, ...image },
  });
}
