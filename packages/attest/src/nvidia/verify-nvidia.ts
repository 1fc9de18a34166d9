import { equalBytes, toHex } from '@dcml/core';
import { type ClaimPlan, ClaimSheet } from '../claim-sheet.ts';
import {
  appraiseKind,
  appraisePlatform,
  appraiseReportData,
  type CommonClaimName,
  commonClaimPlan,
  kindClaimPlan,
} from '../common-claims.ts';
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import { isVendorRoot } from '../vendor-roots/vendor-roots.ts';
import { policyRoots, type VerifyEvidenceOptions } from '../verify-context.ts';
import { appraiseDevices } from './appraise-devices.ts';
import { authenticateDevices } from './authenticate-devices.ts';
import { checkRims } from './check-rims.ts';
import { type NvidiaClaimName, nvidiaClaimPlan } from './claims.ts';
import { wantedRims } from './compare-rims.ts';
import type { AuthenticDevice } from './device.ts';
import { createCertificateReader } from './device-chain.ts';
import type { NvidiaEvidence } from './evidence.ts';
import type { NvidiaDeviceMeasurements, NvidiaMeasurements } from './measurements.ts';
import { parseDevices } from './parse-devices.ts';
import { rememberSignatures } from './signature-memory.ts';

type ClaimName = CommonClaimName | NvidiaClaimName;
type Sheet = ClaimSheet<ClaimName>;

const plan: ClaimPlan<ClaimName> = [...kindClaimPlan, ...nvidiaClaimPlan, ...commonClaimPlan];
const NONCE_OFFSET = 4;

// Hosts are verified again and again, under a fresh nonce each time, and their certificates are what they were. Both
// memories answer for exact bytes, so they can make nothing valid that is not; a report's own signature is never in them.
const readCertificate = createCertificateReader(1024);
const verifyOnce = rememberSignatures(1024);

/** Compares the nonce of every request: the first that differs is the one that is shown. */
function appraiseNonce(
  sheet: Sheet,
  devices: readonly AuthenticDevice[],
  expected: Uint8Array | undefined,
): void {
  const nonces = devices.map(({ report }) => report.nonce);
  const shown = nonces.find((nonce) => expected !== undefined && !equalBytes(nonce, expected)) ?? nonces[0];
  if (shown === undefined) return;
  const bytes = devices.map((_, i) => ({ part: `devices[${i}].report`, offset: NONCE_OFFSET, length: 32 }));
  appraiseReportData(sheet, shown, expected, bytes);
}

function measureDevice(device: AuthenticDevice): NvidiaDeviceMeasurements {
  const { role, model, facts, chain, firmware, report } = device;
  return {
    role,
    architecture: model.architecture,
    chip: model.chip,
    serial: chain.identity.serial,
    driverVersion: facts.driverVersion ?? null,
    vbiosVersion: facts.vbiosVersion,
    rimIds: wantedRims(device).map(({ id }) => id),
    firmwareId: firmware.firmwareId,
    gpuMode: facts.gpuMode ?? null,
    blocks: Object.fromEntries(report.blocks.map(({ index, value }) => [index, toHex(value)])),
  };
}

function measure(devices: readonly AuthenticDevice[]): NvidiaMeasurements {
  const [first, ...others] = devices;
  return {
    kind: 'nvidia',
    platformId: first !== undefined && others.length === 0 ? first.chain.identity.serial : null,
    reportData: first === undefined ? null : toHex(first.report.nonce),
    composeHash: null,
    devices: devices.map(measureDevice),
  };
}

async function judge(
  sheet: Sheet,
  evidence: NvidiaEvidence,
  options: VerifyEvidenceOptions,
): Promise<{ measured: NvidiaMeasurements | null; simulated: boolean }> {
  const { policy, nowMs } = options;
  if (!appraiseKind(sheet, evidence.kind, policy)) return { measured: null, simulated: true };
  const roots = policyRoots(policy, 'nvidia-device');
  const rimRoots = policyRoots(policy, 'nvidia-rim');
  const parsed = parseDevices(evidence, readCertificate);
  const isReadable = sheet.check('report_format', parsed.problem, 'every report and every chain is readable');
  if (!isReadable || parsed.value === undefined) return { measured: null, simulated: true };

  const rules = {
    nowMs,
    maxAgeMs: policy.maxEvidenceAgeSeconds * 1000,
    verify: verifyOnce,
  };
  const devices = await authenticateDevices(sheet, parsed.value, roots, policy.nvidia.requireOcsp, rules);
  if (devices === undefined) {
    const simulated = !parsed.value.every(
      ({ chain }) => chain.root !== undefined && isVendorRoot(chain.root.der, 'nvidia-device'),
    );
    return { measured: null, simulated };
  }
  appraiseDevices(sheet, devices, policy.nvidia);
  const rims = await checkRims(sheet, devices, evidence.rims, rimRoots, policy.nvidia, rules);
  appraisePlatform(
    sheet,
    devices.map(({ chain }) => chain.identity.serial),
    policy,
  );
  appraiseNonce(sheet, devices, options.expectedReportData);
  const simulated = rims.simulated || devices.some(({ root }) => !isVendorRoot(root.der, 'nvidia-device'));
  return { measured: measure(devices), simulated };
}

/** Verifies the GPUs and switches of one machine: chains, reports, revocation, wiring and measurements. */
export async function verifyNvidia(
  evidence: NvidiaEvidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<ClaimName>(plan);
  const { measured, simulated } = await judge(sheet, evidence, options);
  return { ...sheet.conclude(simulated), measured };
}
