import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  defaultPolicy,
  type EvidencePolicy,
  type EvidenceVerdict,
  type NvidiaDeviceEvidence,
  type NvidiaEvidence,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import { decodeUtf8, Fields, fromBase64, fromHex, parseJson } from '@dcml/core';

// Captured evidence of third parties lies beside the repository and is never part of it.
const root = process.env['DCML_EVIDENCE'] ?? resolve(import.meta.dirname, '../../../../../shared/evidence');
const folder = join(root, 'nvidia');

export const hasCaptures: boolean = existsSync(folder);
if (!hasCaptures)
  console.warn(`SKIPPED: no captured evidence at ${root}; set DCML_EVIDENCE to check real GPUs and switches`);

export const readCapture = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** RIM signers of the captures are valid then; device certificates are valid until 9999. */
export const CAPTURE_MS: number = Date.parse('2024-06-01');

/** The strict policy, but that it takes any measurement and asks for no OCSP, which the captures do not have. */
export const capturePolicy: EvidencePolicy = {
  ...defaultPolicy,
  nvidia: { ...defaultPolicy.nvidia, requireRims: false, requireOcsp: false },
};

/** A report in hex and its chain. The text files end in zero to two line feeds, which are not the driver's. */
export function capturedDevice(
  role: NvidiaDeviceEvidence['role'],
  report: string,
  chain: string,
): NvidiaDeviceEvidence {
  return {
    role,
    report: fromHex(readCapture(report).trim()),
    certificateChainPem: readCapture(chain).trimEnd(),
    ocspResponses: [],
  };
}

/** The devices of a file of NVIDIA's SDK: `[{arch, nonce, evidence, certificate}]`, base64. */
export function capturedDevices(name: string): { devices: NvidiaDeviceEvidence[]; nonces: string[] } {
  const items = parseJson(readCapture(name));
  if (!Array.isArray(items)) throw new TypeError(`${name} is no list`);
  const fields = items.map((item, i) => new Fields(item, `${name}[${i}]`));
  return {
    devices: fields.map((item) => ({
      role: item.string('arch') === 'HOPPER' ? 'gpu' : 'switch',
      report: fromBase64(item.string('evidence', 20_000)),
      certificateChainPem: decodeUtf8(fromBase64(item.string('certificate', 20_000))),
      ocspResponses: [],
    })),
    nonces: fields.map((item) => item.string('nonce')),
  };
}

/** The nonce that a report's request carries. */
export const nonceOf = (device: NvidiaDeviceEvidence | undefined): Uint8Array =>
  (device?.report ?? new Uint8Array()).slice(4, 36);

export function verifyDevices(
  devices: readonly NvidiaDeviceEvidence[],
  options: Partial<VerifyEvidenceOptions> = {},
  rims: NvidiaEvidence['rims'] = [],
): Promise<EvidenceVerdict> {
  return verifyEvidence(
    { kind: 'nvidia', devices, rims },
    { policy: capturePolicy, expectedReportData: nonceOf(devices[0]), nowMs: CAPTURE_MS, ...options },
  );
}
