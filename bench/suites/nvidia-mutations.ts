import { defaultPolicy, type EvidencePolicy, type NvidiaDeviceEvidence, verifyEvidence } from '@dcml/attest';
import { createNvidiaDevice, createNvidiaVendor, toPem, writeNvidiaReport } from '@dcml/testing';
import type { Benchmark } from '../benchmark.ts';

const NOW_MS = Date.parse('2026-11-01T12:00:00Z');
const nonce = new Uint8Array(32).fill(7);
const vendor = createNvidiaVendor({ nowMs: NOW_MS });
const policy: EvidencePolicy = {
  ...defaultPolicy,
  roots: [{ name: 'simulated', kind: 'nvidia-device', certificatePem: vendor.rootPem }],
  nvidia: { ...defaultPolicy.nvidia, requireRims: false, requireOcsp: false },
};

async function isAccepted(device: NvidiaDeviceEvidence): Promise<boolean> {
  const verdict = await verifyEvidence(
    { kind: 'nvidia', devices: [device], rims: [] },
    { policy, expectedReportData: nonce, nowMs: NOW_MS },
  );
  return verdict.outcome === 'pass';
}

const flip = (bytes: Uint8Array, at: number, bit: number): Uint8Array => {
  const out = Uint8Array.from(bytes);
  out[at]! ^= 1 << bit;
  return out;
};

export const benchmark: Benchmark = {
  name: 'nvidia-mutations',
  method:
    'one bit of every byte of a report and of every certificate of its chain flipped, and the report cut at every length, for a Hopper and a Blackwell GPU and a switch; none may be accepted, and nothing may throw',
  async run(signal) {
    let tried = 0;
    let accepted = 0;
    const attempt = async (device: NvidiaDeviceEvidence): Promise<void> => {
      signal.throwIfAborted();
      tried++;
      if (await isAccepted(device)) accepted++;
    };
    for (const architecture of ['hopper', 'blackwell', 'ls10'] as const) {
      const made = createNvidiaDevice(vendor, { architecture });
      const report = writeNvidiaReport(made, { nonce });
      const sound = { role: made.role, report, certificateChainPem: made.chainPem, ocspResponses: [] };
      if (!(await isAccepted(sound))) throw new Error('the evidence to mutate is not accepted');
      for (let at = 0; at < report.length; at++)
        await attempt({ ...sound, report: flip(report, at, at % 8) });
      for (let length = 0; length < report.length; length++)
        await attempt({ ...sound, report: report.slice(0, length) });
      for (const [i, der] of made.chain.entries()) {
        for (let at = 0; at < der.length; at++) {
          const chain = made.chain.map((one, k) => toPem(k === i ? flip(der, at, at % 8) : one));
          await attempt({ ...sound, certificateChainPem: chain.join('') });
        }
      }
    }
    return [
      { name: 'mutations_tried', value: tried, unit: 'mutations', atLeast: 20_000 },
      { name: 'mutations_accepted', value: accepted, unit: 'mutations', atMost: 0 },
    ];
  },
};
