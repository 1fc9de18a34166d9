import {
  defaultPolicy,
  type EvidencePolicy,
  type EvidenceVerdict,
  type NvidiaDeviceEvidence,
  type NvidiaEvidence,
  type NvidiaRim,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import {
  createNvidiaDevice,
  createNvidiaVendor,
  createOcspDelegate,
  createRimSigner,
  type NvidiaDeviceOptions,
  type NvidiaReportOptions,
  type NvidiaVendor,
  type OcspFields,
  type RimSigner,
  type SimulatedCa,
  type SimulatedNvidiaDevice,
  simulatedDriverVersion,
  simulatedGpuVbios,
  simulatedSwitchVbios,
  writeNvidiaReport,
  writeOcspResponse,
  writeRim,
} from '@dcml/testing';

export const NOW_MS: number = Date.parse('2026-11-01T12:00:00Z');
export const HOUR_MS = 3_600_000;
export const DAY_MS: number = 24 * HOUR_MS;
export const nonce: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) => 0xa0 + i);

export const vendor: NvidiaVendor = createNvidiaVendor({ nowMs: NOW_MS });
const rimSigner: RimSigner = createRimSigner({ nowMs: NOW_MS });

export const policy: EvidencePolicy = {
  ...defaultPolicy,
  roots: [
    { name: 'simulated devices', kind: 'nvidia-device', certificatePem: vendor.rootPem },
    { name: 'simulated manifests', kind: 'nvidia-rim', certificatePem: rimSigner.rootPem },
  ],
};

export const withNvidia = (changes: Partial<EvidencePolicy['nvidia']>): EvidencePolicy => ({
  ...policy,
  nvidia: { ...policy.nvidia, ...changes },
});

/** Golden values of the simulated driver and VBIOS, by the manifest's index. */
const driverGolden: Readonly<Record<number, string>> = { 1: 'd1'.repeat(48), 5: 'd5'.repeat(48) };
export const vbiosGolden: Readonly<Record<number, string>> = { 2: 'b2'.repeat(48), 9: 'b9'.repeat(48) };

const bySpdmIndex = (golden: Readonly<Record<number, string>>): Record<number, string> =>
  Object.fromEntries(Object.entries(golden).map(([index, value]) => [Number(index) + 1, value]));

export const gpuMeasurements: Readonly<Record<number, string>> = bySpdmIndex({
  ...driverGolden,
  ...vbiosGolden,
});
const switchMeasurements: Readonly<Record<number, string>> = bySpdmIndex(vbiosGolden);

/** A stranger's key by the name of a real CA. */
export const createdOcspIssuer: SimulatedCa = {
  ...vendor.provisioners.hopper,
  subject: 'NVIDIA GH100 Provisioner ICA 1',
};

export const hopper: SimulatedNvidiaDevice = createNvidiaDevice(vendor);
export const blackwell: SimulatedNvidiaDevice = createNvidiaDevice(vendor, { architecture: 'blackwell' });

const current = { thisUpdateMs: NOW_MS - HOUR_MS, nextUpdateMs: NOW_MS + DAY_MS };

/** A response by the issuer itself, current and good unless told otherwise. */
export function ocsp(issuer: SimulatedCa, serial: Uint8Array, fields: Partial<OcspFields> = {}): Uint8Array {
  return writeOcspResponse({ issuer, serial, ...current, ...fields });
}

// Responses about the CAs are the same for every device.
const caResponses = new Map<string, Uint8Array[]>();

/** Good responses about the device and both CAs. */
export function goodResponses(device: SimulatedNvidiaDevice, by: NvidiaVendor = vendor): Uint8Array[] {
  const provisioner = by.provisioners[device.architecture];
  const known = by === vendor ? caResponses.get(device.architecture) : undefined;
  const shared = known ?? [
    ocsp(by.ca, provisioner.serial, { delegate: createOcspDelegate(by.ca, NOW_MS), hash: 'sha256' }),
    ocsp(by.root, by.ca.serial, { hash: 'sha384', responderId: 'name' }),
  ];
  if (by === vendor) caResponses.set(device.architecture, shared);
  return [ocsp(provisioner, device.serials[1]), ...shared];
}

export interface Deviation extends Partial<NvidiaReportOptions> {
  readonly evidence?: Partial<NvidiaDeviceEvidence>;
}

/** Evidence of one device with everything in order, but for the deviation. */
export function evidenceOf(device: SimulatedNvidiaDevice, deviation: Deviation = {}): NvidiaDeviceEvidence {
  const { evidence, ...options } = deviation;
  const measurements = device.role === 'gpu' ? gpuMeasurements : switchMeasurements;
  return {
    role: device.role,
    report: writeNvidiaReport(device, { nonce, measurements, ...options }),
    certificateChainPem: device.chainPem,
    ocspResponses: evidence?.ocspResponses ?? goodResponses(device),
    ...evidence,
  };
}

const golden = (values: Readonly<Record<number, string>>): { index: number; values: string[] }[] =>
  Object.entries(values).map(([index, value]) => ({ index: Number(index), values: [value] }));

/** A manifest, as the simulated signer signs it. */
export function rim(
  kind: 'driver' | 'vbios' | 'switch-bios',
  values: Readonly<Record<number, string>>,
  product?: string,
  version?: string,
): NvidiaRim {
  const versions = {
    driver: simulatedDriverVersion,
    vbios: simulatedGpuVbios,
    'switch-bios': simulatedSwitchVbios,
  };
  const fields = { kind, version: version ?? versions[kind], measurements: golden(values) };
  return {
    xml: writeRim(product === undefined ? fields : { ...fields, product }, rimSigner),
    ocspResponses: rimResponses,
  };
}

const rimCa = (i: number, role: 'series' | 'product' | 'root', subject: string): Uint8Array =>
  writeOcspResponse({
    issuer: { subject, key: rimSigner.keys[role] },
    serial: rimSigner.serials[i]!,
    ...current,
  });

/** Good responses about the signer of manifests and its CAs. */
const rimResponses: readonly Uint8Array[] = [
  rimCa(0, 'series', 'dcml SIMULATED Reference Value L3 - not hardware'),
  rimCa(1, 'product', 'dcml SIMULATED Reference Value CA - not hardware'),
  rimCa(2, 'root', 'dcml SIMULATED CoRIM signing Root CA - not hardware'),
];

export const hopperRims: readonly NvidiaRim[] = [rim('driver', driverGolden), rim('vbios', vbiosGolden)];
export const blackwellRims: readonly NvidiaRim[] = [
  rim('driver', driverGolden, 'GB100'),
  rim('vbios', vbiosGolden, 'GB100'),
];
export const switchRim: NvidiaRim = rim('switch-bios', vbiosGolden);

export function verifyDevices(
  devices: readonly NvidiaDeviceEvidence[],
  options: Partial<VerifyEvidenceOptions> = {},
  rims: NvidiaEvidence['rims'] = hopperRims,
): Promise<EvidenceVerdict> {
  const evidence: NvidiaEvidence = { kind: 'nvidia', devices, rims };
  return verifyEvidence(evidence, { policy, expectedReportData: nonce, nowMs: NOW_MS, ...options });
}

/** A new hopper GPU with such deviations. */
export const makeDevice = (options: NvidiaDeviceOptions): SimulatedNvidiaDevice =>
  createNvidiaDevice(vendor, options);

/** Eight GPUs and four switches of one host, wired to each other. */
export function makeHost(
  gpus = 8,
  switches = 4,
): { devices: NvidiaDeviceEvidence[]; made: SimulatedNvidiaDevice[] } {
  const madeGpus = Array.from({ length: gpus }, () => createNvidiaDevice(vendor));
  const madeSwitches = Array.from({ length: switches }, () =>
    createNvidiaDevice(vendor, { architecture: 'ls10' }),
  );
  const gpuIds = madeGpus.map(({ pdi }) => pdi);
  const switchIds = madeSwitches.map(({ pdi }) => pdi);
  const made = [...madeGpus, ...madeSwitches];
  return {
    made,
    devices: made.map((device) => evidenceOf(device, { links: device.role === 'gpu' ? switchIds : gpuIds })),
  };
}

/** `name: reason` of each claim with such an outcome, without the mark of simulation. */
export function claimsWith(verdict: EvidenceVerdict, outcome: 'fail' | 'unknown'): string[] {
  return verdict.claims
    .filter((claim) => claim.outcome === outcome && claim.optional !== true)
    .map((claim) => `${claim.name}: ${claim.reason.replace('SIMULATED: ', '')}`);
}

export const failures = (verdict: EvidenceVerdict): string[] => claimsWith(verdict, 'fail');
