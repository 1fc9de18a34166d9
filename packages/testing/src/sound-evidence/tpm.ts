import { defaultPolicy, type PolicyRoot, type RootKind } from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import type { SoundEvidence } from '../mutation/try-mutations.ts';
import { simulatedAzureSnp, simulatedAzureTdx } from '../tee/azure/index.ts';
import { toPem } from '../tee/certificate-writer.ts';
import { createSigningKey } from '../tee/signing-key.ts';
import { createSimulatedVendor } from '../tee/simulated-vendor.ts';
import { createSimulatedAmdVendor } from '../tee/snp/simulated-amd-vendor.ts';
import { createSimulatedTpm, createTpmKeys, simulatedTpmEvidence } from '../tee/tpm/index.ts';
import { soundNonce, soundNowMs } from './moment.ts';

function optionsFor(kind: RootKind, root: Uint8Array): SoundEvidence['options'] {
  const policyRoot: PolicyRoot = { name: 'SIMULATED', kind, certificatePem: toPem(root) };
  const kinds = [...defaultPolicy.kinds, 'tpm'] as const;
  const policy = { ...defaultPolicy, kinds, roots: [policyRoot], composeHashes: null };
  return { policy, expectedReportData: soundNonce, nowMs: soundNowMs };
}

/** TPM quotes by themselves, and in Azure's confidential VMs. */
export function soundTpm(): SoundEvidence[] {
  const made = { random: systemRandom, nowMs: soundNowMs };
  const bound = { extraData: soundNonce };
  const tpm = createSimulatedTpm({ ...made, keys: createTpmKeys() });
  const attestationKey = createSigningKey('rsa-sha256');
  const amd = createSimulatedAmdVendor(made);
  const intel = createSimulatedVendor(made);
  return [
    {
      name: 'tpm, event log',
      evidence: simulatedTpmEvidence(tpm, bound),
      options: optionsFor('tpm', tpm.certificates.root),
    },
    {
      name: 'azure, snp',
      evidence: simulatedAzureSnp(amd, attestationKey, { tpm: bound }),
      options: optionsFor('amd', amd.certificates.root),
    },
    {
      name: 'azure, tdx',
      evidence: simulatedAzureTdx(intel, attestationKey, { tpm: bound }),
      options: optionsFor('intel', intel.certificates.root),
    },
  ];
}
