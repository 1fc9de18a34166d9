import { defaultPolicy } from '@dcml/attest';
import type { SoundEvidence } from '../mutation/try-mutations.ts';
import { writeNitroDocument } from '../tee/nitro/document-writer.ts';
import { createNitroVendor } from '../tee/nitro/nitro-vendor.ts';
import { soundNowMs, soundReportData } from './moment.ts';

export function soundNitro(): SoundEvidence[] {
  const vendor = createNitroVendor({ nowMs: soundNowMs });
  const document = writeNitroDocument(
    {
      timestampMs: soundNowMs,
      pcrs: { 0: new Uint8Array(48).fill(1), 1: new Uint8Array(48).fill(2), 2: new Uint8Array(48).fill(3) },
      userData: soundReportData,
    },
    vendor,
  );
  const root = { name: 'SIMULATED', kind: 'aws', certificatePem: vendor.rootPem } as const;
  return [
    {
      name: 'nitro',
      evidence: { kind: 'nitro', document },
      options: {
        policy: { ...defaultPolicy, roots: [root], composeHashes: null },
        expectedReportData: soundReportData,
        nowMs: soundNowMs,
      },
    },
  ];
}
