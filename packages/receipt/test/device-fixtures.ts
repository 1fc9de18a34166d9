import { defaultPolicy, type EvidencePolicy, type NvidiaPolicy, type NvidiaRim } from '@dcml/attest';
import { systemRandom, toHex } from '@dcml/core';
import {
  createNvidiaDevice,
  createNvidiaVendor,
  createRimSigner,
  createSimulatedGuest,
  createSimulatedVendor,
  encodeEventLog,
  issueSimulatedCollateral,
  type NvidiaVendor,
  type OcspFields,
  replayRegisters,
  type SimulatedCa,
  type SimulatedNvidiaDevice,
  simulatedChainPem,
  simulatedDriverVersion,
  simulatedGpuVbios,
  simulatedMrTd,
  writeNvidiaReport,
  writeOcspResponse,
  writeRim,
} from '@dcml/testing';
import {
  type AttestationReport,
  attestationStatement,
  bindDevices,
  type DeviceEvidence,
  deviceNonce,
  encodeDeviceEvidence,
  encodeDstackEvidence,
  keysetDigest,
  type MachineCollateral,
  reportData,
  type VerifyReportOptions,
  type WorkloadKeyset,
} from '../src/index.ts';
import { keyset } from './fixtures.ts';
import { appCompose, composeHash, nonce, nowMs } from './report-fixtures.ts';

const HOUR_MS = 3_600_000;
const cpu = createSimulatedVendor({ random: systemRandom, nowMs });
const guest = createSimulatedGuest({ vendor: cpu, appCompose, random: systemRandom });
const [rtmr0, rtmr1, rtmr2] = replayRegisters(guest.events()).map((register) => [toHex(register)]);
const bootRegisters = [rtmr0!, rtmr1!, rtmr2!] as const;
export const gpuVendor: NvidiaVendor = createNvidiaVendor({ nowMs });
const rimSigner = createRimSigner({ nowMs });
export const gpus: readonly SimulatedNvidiaDevice[] = [
  createNvidiaDevice(gpuVendor),
  createNvidiaDevice(gpuVendor),
];

const current = { thisUpdateMs: nowMs - HOUR_MS, nextUpdateMs: nowMs + 24 * HOUR_MS };
const ocsp = (issuer: SimulatedCa, serial: Uint8Array, fields: Partial<OcspFields> = {}): Uint8Array =>
  writeOcspResponse({ issuer, serial, ...current, ...fields });

function deviceResponses(device: SimulatedNvidiaDevice): Uint8Array[] {
  const { ca, root, provisioners } = gpuVendor;
  const provisioner = provisioners[device.architecture];
  return [ocsp(provisioner, device.serials[1]), ocsp(ca, provisioner.serial), ocsp(root, ca.serial)];
}

const rimCa = (at: number, role: 'series' | 'product' | 'root', subject: string): Uint8Array =>
  writeOcspResponse({
    issuer: { subject, key: rimSigner.keys[role] },
    serial: rimSigner.serials[at]!,
    ...current,
  });
const rimResponses: readonly Uint8Array[] = [
  rimCa(0, 'series', 'dcml SIMULATED Reference Value L3 - not hardware'),
  rimCa(1, 'product', 'dcml SIMULATED Reference Value CA - not hardware'),
  rimCa(2, 'root', 'dcml SIMULATED CoRIM signing Root CA - not hardware'),
];
const rim = (kind: 'driver' | 'vbios', version: string, index: number, value: string): NvidiaRim => ({
  xml: writeRim({ kind, version, measurements: [{ index, values: [value] }] }, rimSigner),
  ocspResponses: rimResponses,
});

export const collateral: MachineCollateral = {
  kind: 'machine',
  cpu: issueSimulatedCollateral(cpu),
  devices: {
    rims: [
      rim('driver', simulatedDriverVersion, 1, 'd1'.repeat(48)),
      rim('vbios', simulatedGpuVbios, 2, 'b2'.repeat(48)),
    ],
    deviceOcspResponses: gpus.map(deviceResponses),
  },
};

/** What a GPU says to a nonce, with everything as the manifests want it. */
export function gpuEvidence(device: SimulatedNvidiaDevice, challenge: Uint8Array): DeviceEvidence {
  const measurements = { 2: 'd1'.repeat(48), 3: 'b2'.repeat(48) };
  return {
    role: device.role,
    report: writeNvidiaReport(device, { nonce: challenge, measurements }),
    certificateChainPem: device.chainPem,
  };
}

export const allGpus = (challenge: Uint8Array): DeviceEvidence[] =>
  gpus.map((device) => gpuEvidence(device, challenge));

/** A report of the simulated CPU over this keyset, with these devices beside the quote. */
export function reportOver(
  keys: WorkloadKeyset,
  devices: ReturnType<typeof encodeDeviceEvidence> | null,
): AttestationReport {
  const slot = reportData(attestationStatement(keysetDigest(keys), nonce));
  const log = encodeEventLog(guest.events());
  return {
    keysetDigest: keysetDigest(keys),
    teeType: 'tdx',
    keyset: keys,
    reportData: toHex(slot.subarray(0, 32)),
    sourceProvenance: null,
    evidence: {
      ...encodeDstackEvidence(toHex(guest.quote(slot)), log, appCompose),
      ...(devices && { devices }),
    },
    supportedE2eeVersions: ['ehbp'],
    serving: 'direct',
  };
}

/** As an enclave makes it: devices asked with the nonce of the keys, their hash in the keyset, a quote over that. */
export function soundReport(): AttestationReport {
  const devices = encodeDeviceEvidence(allGpus(deviceNonce(keyset)));
  return reportOver(bindDevices(keyset, devices), devices);
}

export function policyWith(nvidia: Partial<NvidiaPolicy>): EvidencePolicy {
  return {
    ...defaultPolicy,
    roots: [
      { name: 'simulated CPU', kind: 'intel', certificatePem: simulatedChainPem(cpu, 'root') },
      { name: 'simulated devices', kind: 'nvidia-device', certificatePem: gpuVendor.rootPem },
      { name: 'simulated manifests', kind: 'nvidia-rim', certificatePem: rimSigner.rootPem },
    ],
    composeHashes: [composeHash],
    // What booted must be known before the compose counts.
    intel: { ...defaultPolicy.intel, mrTds: [toHex(simulatedMrTd)], rtmrs: [...bootRegisters, null] },
    nvidia: { ...defaultPolicy.nvidia, ...nvidia },
  };
}

export const options: VerifyReportOptions = { nonce, nowMs, policy: policyWith({ minGpus: 2 }), collateral };
