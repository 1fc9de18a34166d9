import { defaultPolicy, type EvidencePolicy, type IntelCollateral } from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import type { SoundEvidence } from '../mutation/try-mutations.ts';
import { issueSimulatedCollateral } from '../tee/simulated-collateral.ts';
import { createSimulatedGuest } from '../tee/simulated-guest.ts';
import { withSimulatedImage } from '../tee/simulated-image.ts';
import { signSimulatedQuote, simulatedTd15 } from '../tee/simulated-quote.ts';
import { signSimulatedSgxQuote } from '../tee/simulated-sgx-quote.ts';
import { createSimulatedVendor, type SimulatedVendor, simulatedChainPem } from '../tee/simulated-vendor.ts';
import { soundNowMs, soundReportData } from './moment.ts';

const vendorNow = (): SimulatedVendor => createSimulatedVendor({ random: systemRandom, nowMs: soundNowMs });

function optionsFor(
  vendor: SimulatedVendor,
  composeHashes: readonly string[] | null,
): SoundEvidence['options'] {
  const certificatePem = simulatedChainPem(vendor, 'root');
  const policy: EvidencePolicy = {
    ...defaultPolicy,
    roots: [{ name: 'SIMULATED', kind: 'intel', certificatePem }],
    composeHashes,
  };
  return { policy, expectedReportData: soundReportData, nowMs: soundNowMs };
}

function withImage(options: SoundEvidence['options']): SoundEvidence['options'] {
  return { ...options, policy: withSimulatedImage(options.policy) };
}

function dstack(): SoundEvidence {
  const vendor = vendorNow();
  const guest = createSimulatedGuest({ vendor, appCompose: '{"name":"sound"}', random: systemRandom });
  return {
    name: 'tdx v4, dstack',
    evidence: {
      kind: 'dstack-tdx',
      quote: guest.quote(soundReportData),
      eventLog: guest.events(),
      appCompose: guest.appCompose,
      collateral: issueSimulatedCollateral(vendor),
    },
    options: withImage(optionsFor(vendor, [guest.composeHash])),
  };
}

function tdx(name: string, version: 4 | 5, td: Parameters<typeof signSimulatedQuote>[1]): SoundEvidence {
  const vendor = vendorNow();
  const quote = signSimulatedQuote(vendor, {
    ...td,
    version,
    td: { reportData: soundReportData, ...td?.td },
  });
  const collateral: IntelCollateral = issueSimulatedCollateral(vendor);
  return { name, evidence: { kind: 'tdx', quote, collateral }, options: optionsFor(vendor, null) };
}

function sgx(): SoundEvidence {
  const vendor = vendorNow();
  return {
    name: 'sgx v3',
    evidence: {
      kind: 'sgx',
      quote: signSimulatedSgxQuote(vendor, { enclave: { reportData: soundReportData } }),
      collateral: issueSimulatedCollateral(vendor, { kind: 'sgx' }),
    },
    options: optionsFor(vendor, null),
  };
}

export const soundIntel = (): SoundEvidence[] => [
  dstack(),
  tdx('tdx v5', 5, {}),
  tdx('tdx v5, body 1.5', 5, { td: simulatedTd15 }),
  sgx(),
];
