import { defaultPolicy } from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import type { SoundEvidence } from '../mutation/try-mutations.ts';
import { issueSimulatedCollateral } from '../tee/simulated-collateral.ts';
import { createSimulatedGuest } from '../tee/simulated-guest.ts';
import { createSimulatedVendor, simulatedChainPem } from '../tee/simulated-vendor.ts';
import { soundNowMs, soundReportData } from './moment.ts';

/** A dstack guest on a simulated TDX platform. */
export function soundDstackTdx(): SoundEvidence {
  const vendor = createSimulatedVendor({ random: systemRandom, nowMs: soundNowMs });
  const guest = createSimulatedGuest({ vendor, appCompose: '{"name":"sound"}', random: systemRandom });
  const root = {
    name: 'SIMULATED',
    kind: 'intel',
    certificatePem: simulatedChainPem(vendor, 'root'),
  } as const;
  return {
    name: 'dstack on TDX v4',
    evidence: {
      kind: 'dstack-tdx',
      quote: guest.quote(soundReportData),
      eventLog: guest.events(),
      appCompose: guest.appCompose,
      collateral: issueSimulatedCollateral(vendor),
    },
    options: {
      policy: { ...defaultPolicy, roots: [root], composeHashes: [guest.composeHash] },
      expectedReportData: soundReportData,
      nowMs: soundNowMs,
    },
  };
}
