import { defaultPolicy, type EvidencePolicy, type NvidiaDeviceEvidence, verifyEvidence } from '@dcml/attest';
import {
  createNvidiaDevice,
  createNvidiaVendor,
  type SimulatedNvidiaDevice,
  writeNvidiaReport,
} from '@dcml/testing';
import type { Benchmark, Figure } from '../benchmark.ts';

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

/** Of one verification: wall time, and the time of all processors. */
interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function timed(made: readonly SimulatedNvidiaDevice[], round: number): Promise<Cost> {
  const { devices, nonce } = report(made, round);
  const usage = process.cpuUsage();
  const start = performance.now();
  const verdict = await verifyEvidence(
    { kind: 'nvidia', devices, rims: [] },
    { policy, expectedReportData: nonce, nowMs: NOW_MS },
  );
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(usage);
  if (verdict.outcome !== 'pass') throw new Error(`verdict is ${verdict.outcome}`);
  return { wallMs, cpuMs: (user + system) / 1000 };
}

function median(costs: readonly Cost[], of: keyof Cost): number {
  const values = costs.map((cost) => cost[of]).sort((a, b) => a - b);
  return values[values.length >> 1] ?? Number.NaN;
}

async function measure(
  gpus: number,
  switches: number,
  signal: AbortSignal,
): Promise<{ readonly first: Cost[]; readonly again: Cost[] }> {
  const first: Cost[] = [];
  const again: Cost[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    signal.throwIfAborted();
    const made = makeHost(gpus, switches);
    first.push(await timed(made, 2 * round));
    again.push(await timed(made, 2 * round + 1));
  }
  return { first, again };
}

function figures(
  name: string,
  costs: { readonly first: Cost[]; readonly again: Cost[] },
  atMost: number,
): Figure[] {
  return [
    { name: `${name}_first_ms`, value: median(costs.first, 'wallMs'), unit: 'ms' },
    { name: `${name}_first_cpu_ms`, value: median(costs.first, 'cpuMs'), unit: 'ms' },
    { name: `${name}_again_ms`, value: median(costs.again, 'wallMs'), unit: 'ms', atMost },
    { name: `${name}_again_cpu_ms`, value: median(costs.again, 'cpuMs'), unit: 'ms' },
  ];
}

export const benchmark: Benchmark = {
  name: 'nvidia-devices',
  method: `wall time and processor time of verifyEvidence: chains, report signatures, nonce, wiring, without OCSP and manifests; "first" meets new devices of a known vendor, "again" the same ones with new reports under a new nonce; median of ${ROUNDS}`,
  async run(signal) {
    await measure(1, 0, signal);
    const gpu = await measure(1, 0, signal);
    const host = await measure(8, 4, signal);
    return [...figures('one_gpu', gpu, 3), ...figures('eight_gpus_four_switches', host, 25)];
  },
};
