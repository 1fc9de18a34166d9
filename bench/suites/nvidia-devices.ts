import { defaultPolicy, type EvidencePolicy, type NvidiaDeviceEvidence, verifyEvidence } from '@dcml/attest';
import {
  createNvidiaDevice,
  createNvidiaVendor,
  type SimulatedNvidiaDevice,
  writeNvidiaReport,
} from '@dcml/testing';
import type { Benchmark } from '../benchmark.ts';

const ROUNDS = 15;
const NOW_MS = Date.parse('2026-11-01T12:00:00Z');

const vendor = createNvidiaVendor({ nowMs: NOW_MS });
const policy: EvidencePolicy = {
  ...defaultPolicy,
  roots: [{ name: 'simulated', kind: 'nvidia-device', certificatePem: vendor.rootPem }],
  nvidia: { ...defaultPolicy.nvidia, requireRims: false, requireOcsp: false },
};

function makeHost(gpus: number, switches: number): SimulatedNvidiaDevice[] {
  return Array.from({ length: gpus + switches }, (_, i) =>
    createNvidiaDevice(vendor, { architecture: i < gpus ? 'hopper' : 'ls10' }),
  );
}

function report(
  made: readonly SimulatedNvidiaDevice[],
  round: number,
): { devices: NvidiaDeviceEvidence[]; nonce: Uint8Array } {
  const nonce = new Uint8Array(32).fill(round + 1);
  const ids = (role: 'gpu' | 'switch'): string[] =>
    made.filter((device) => device.role === role).map(({ pdi }) => pdi);
  const isFabric = ids('switch').length > 0;
  const devices = made.map((device) => ({
    role: device.role,
    report: writeNvidiaReport(device, {
      nonce,
      ...(isFabric ? { links: ids(device.role === 'gpu' ? 'switch' : 'gpu') } : {}),
    }),
    certificateChainPem: device.chainPem,
    ocspResponses: [],
  }));
  return { devices, nonce };
}

async function timed(made: readonly SimulatedNvidiaDevice[], round: number): Promise<number> {
  const { devices, nonce } = report(made, round);
  const start = performance.now();
  const verdict = await verifyEvidence(
    { kind: 'nvidia', devices, rims: [] },
    { policy, expectedReportData: nonce, nowMs: NOW_MS },
  );
  const elapsed = performance.now() - start;
  if (verdict.outcome !== 'pass') throw new Error(`verdict is ${verdict.outcome}`);
  return elapsed;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function measure(
  gpus: number,
  switches: number,
  signal: AbortSignal,
): Promise<{ first: number; again: number }> {
  const first: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    signal.throwIfAborted();
    const made = makeHost(gpus, switches);
    first.push(await timed(made, 2 * round));
    again.push(await timed(made, 2 * round + 1));
  }
  return { first: median(first), again: median(again) };
}

export const benchmark: Benchmark = {
  name: 'nvidia-devices',
  method: `wall time of verifyEvidence: chains, report signatures, nonce, wiring, without OCSP and manifests; "first" meets new devices of a known vendor, "again" the same ones with new reports under a new nonce; median of ${ROUNDS}`,
  async run(signal) {
    await measure(1, 0, signal);
    const gpu = await measure(1, 0, signal);
    const host = await measure(8, 4, signal);
    return [
      { name: 'one_gpu_first_ms', value: gpu.first, unit: 'ms' },
      { name: 'one_gpu_again_ms', value: gpu.again, unit: 'ms', atMost: 3 },
      { name: 'eight_gpus_four_switches_first_ms', value: host.first, unit: 'ms' },
      { name: 'eight_gpus_four_switches_again_ms', value: host.again, unit: 'ms', atMost: 25 },
    ];
  },
};
