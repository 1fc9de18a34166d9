import { defaultPolicy, type NvidiaDeviceEvidence, type NvidiaRim } from '@dcml/attest';
import type { SoundEvidence } from '../mutation/try-mutations.ts';
import {
  createNrasService,
  createNvidiaDevice,
  createNvidiaVendor,
  createRimSigner,
  type NvidiaVendor,
  type RimFields,
  type RimSigner,
  type SimulatedCa,
  type SimulatedNvidiaDevice,
  simulatedDriverVersion,
  simulatedGpuVbios,
  simulatedSwitchVbios,
  writeNrasBundle,
  writeNvidiaReport,
  writeOcspResponse,
  writeRim,
} from '../tee/index.ts';
import { soundNonce, soundNowMs } from './moment.ts';

const HOUR_MS = 3_600_000;
const DRIVER_VALUE = 'd1'.repeat(48);
const VBIOS_VALUE = 'b2'.repeat(48);

function good(
  issuer: { readonly subject: string; readonly key: SimulatedCa['key'] },
  serial: Uint8Array,
): Uint8Array {
  const window = { thisUpdateMs: soundNowMs - HOUR_MS, nextUpdateMs: soundNowMs + 24 * HOUR_MS };
  return writeOcspResponse({ issuer, serial, ...window });
}

function deviceEvidence(
  vendor: NvidiaVendor,
  device: SimulatedNvidiaDevice,
  links: readonly string[] | undefined,
): NvidiaDeviceEvidence {
  const provisioner = vendor.provisioners[device.architecture];
  const isGpu = device.role === 'gpu';
  // SPDM counts from one, manifests from zero.
  const measurements: Record<number, string> = { 3: VBIOS_VALUE };
  if (isGpu) measurements[2] = DRIVER_VALUE;
  return {
    role: device.role,
    report: writeNvidiaReport(device, { nonce: soundNonce, measurements, ...(links && { links }) }),
    certificateChainPem: device.chainPem,
    ocspResponses: [
      good(provisioner, device.serials[1]),
      good(vendor.ca, provisioner.serial),
      good(vendor.root, vendor.ca.serial),
    ],
  };
}

const rimSubjects = [
  ['series', 'dcml SIMULATED Reference Value L3 - not hardware'],
  ['product', 'dcml SIMULATED Reference Value CA - not hardware'],
  ['root', 'dcml SIMULATED CoRIM signing Root CA - not hardware'],
] as const;

function manifest(signer: RimSigner, fields: RimFields): NvidiaRim {
  const ocspResponses = rimSubjects.map(([role, subject], i) =>
    good({ subject, key: signer.keys[role] }, signer.serials[i]!),
  );
  return { xml: writeRim(fields, signer), ocspResponses };
}

const driverRim = {
  kind: 'driver',
  version: simulatedDriverVersion,
  measurements: [{ index: 1, values: [DRIVER_VALUE] }],
} as const;
const vbiosRim = {
  kind: 'vbios',
  version: simulatedGpuVbios,
  measurements: [{ index: 2, values: [VBIOS_VALUE] }],
} as const;
const switchRim = {
  kind: 'switch-bios',
  version: simulatedSwitchVbios,
  measurements: [{ index: 2, values: [VBIOS_VALUE] }],
} as const;

function nvidia(
  name: string,
  make: (vendor: NvidiaVendor) => readonly NvidiaDeviceEvidence[],
  rims: readonly RimFields[],
): SoundEvidence {
  const vendor = createNvidiaVendor({ nowMs: soundNowMs });
  const signer = createRimSigner({ nowMs: soundNowMs });
  return {
    name,
    evidence: { kind: 'nvidia', devices: make(vendor), rims: rims.map((fields) => manifest(signer, fields)) },
    options: {
      policy: {
        ...defaultPolicy,
        roots: [
          { name: 'SIMULATED devices', kind: 'nvidia-device', certificatePem: vendor.rootPem },
          { name: 'SIMULATED manifests', kind: 'nvidia-rim', certificatePem: signer.rootPem },
        ],
      },
      expectedReportData: soundNonce,
      nowMs: soundNowMs,
    },
  };
}

const oneGpu =
  (architecture: 'hopper' | 'blackwell') =>
  (vendor: NvidiaVendor): NvidiaDeviceEvidence[] => [
    deviceEvidence(vendor, createNvidiaDevice(vendor, { architecture }), undefined),
  ];

/** GPUs and switches of one host, each naming the other side. */
export function connectedHost(
  vendor: NvidiaVendor,
  gpuCount: number,
  switchCount: number,
): NvidiaDeviceEvidence[] {
  const gpus = Array.from({ length: gpuCount }, () => createNvidiaDevice(vendor));
  const switches = Array.from({ length: switchCount }, () =>
    createNvidiaDevice(vendor, { architecture: 'ls10' }),
  );
  const gpuIds = gpus.map(({ pdi }) => pdi);
  const switchIds = switches.map(({ pdi }) => pdi);
  return [
    ...gpus.map((gpu) => deviceEvidence(vendor, gpu, switchIds)),
    ...switches.map((one) => deviceEvidence(vendor, one, gpuIds)),
  ];
}

function nras(): SoundEvidence {
  const service = createNrasService({ nowMs: soundNowMs });
  const token = writeNrasBundle(service, {
    nonce: soundNonce,
    nowMs: soundNowMs,
    devices: { 'GPU-0': {}, 'GPU-1': {} },
  });
  const root = { name: 'SIMULATED', kind: 'nras', certificatePem: service.rootPem } as const;
  return {
    name: 'nras tokens',
    evidence: { kind: 'nras', token, jwks: service.jwks },
    options: {
      policy: { ...defaultPolicy, kinds: [...defaultPolicy.kinds, 'nras'], roots: [root] },
      expectedReportData: soundNonce,
      nowMs: soundNowMs,
    },
  };
}

export const soundNvidia = (): SoundEvidence[] => [
  nvidia('nvidia hopper', oneGpu('hopper'), [driverRim, vbiosRim]),
  nvidia('nvidia blackwell', oneGpu('blackwell'), [
    { ...driverRim, product: 'GB100' },
    { ...vbiosRim, product: 'GB100' },
  ]),
  nvidia('nvidia, 2 gpus and 1 switch', (vendor) => connectedHost(vendor, 2, 1), [
    driverRim,
    vbiosRim,
    switchRim,
  ]),
  nras(),
];
