import {
  AttestError,
  type Claim,
  type EvidenceVerdict,
  type NvidiaPolicy,
  verifyEvidence,
} from '@dcml/attest';
import type { JsonValue } from '@dcml/core';
import { claim, compared, optional } from './claims.ts';
import { deviceCollateralOf } from './collateral-json.ts';
import { deviceEntriesOf, deviceNonce } from './device-binding.ts';
import { type DeviceEvidence, deviceEvidenceDigest, parseDeviceEvidence } from './device-evidence.ts';
import type { AttestationReport } from './report.ts';
import type { VerifyReportOptions } from './verify-report.ts';

export interface DeviceResult {
  readonly claims: readonly Claim[];
  /** False where there are no devices: they add nothing to what the CPU's evidence says. */
  readonly simulated: boolean;
}

function wanted({ minGpus, minSwitches }: NvidiaPolicy): string {
  return `${minGpus} GPU(s) and ${minSwitches} switch(es)`;
}

function asksForDevices({ minGpus, minSwitches }: NvidiaPolicy): boolean {
  return minGpus > 0 || minSwitches > 0;
}

/** No devices, in the keyset or beside it: right exactly if the policy asks for none. */
function absenceClaims(policy: NvidiaPolicy): Claim[] {
  if (asksForDevices(policy)) {
    return [claim('devices_present', 'fail', `the policy asks for ${wanted(policy)}, the report shows none`)];
  }
  return [
    optional(claim('devices_present', 'unknown', 'the policy asks for no devices, and none are shown')),
  ];
}

/** The hash in the keyset, which the CPU's evidence binds, against what stands beside it. */
function boundClaim(report: AttestationReport, devices: JsonValue | undefined): Claim {
  const name = 'devices_bound';
  const entries = deviceEntriesOf(report.keyset);
  const [entry] = entries;
  if (entry === undefined) return claim(name, 'fail', 'the keyset binds no device evidence');
  if (entries.length > 1) return claim(name, 'fail', 'the keyset binds device evidence more than once');
  if (devices === undefined) return claim(name, 'fail', 'the keyset binds device evidence that is not shown');
  const digest = deviceEvidenceDigest(devices);
  return compared(
    name,
    entry.publicKey === digest,
    `the keyset binds the device evidence, ${digest}`,
    `the device evidence hashes to ${digest}, the keyset binds ${entry.publicKey}`,
  );
}

/** Counts authentic devices; that they are enough is `device_count` of their own evidence, which failed otherwise. */
function presentClaim({ measured, outcome }: EvidenceVerdict): Claim {
  const name = 'devices_present';
  if (outcome === 'fail' || measured?.kind !== 'nvidia') {
    return claim(name, 'unknown', 'devices whose evidence does not hold are not counted');
  }
  const gpus = measured.devices.filter((device) => device.role === 'gpu').length;
  return claim(name, 'pass', `${gpus} GPU(s) and ${measured.devices.length - gpus} switch(es) are shown`);
}

/** The devices' own claims: what they bind is the nonce here, and the rest stands under `devices.`. */
function ownClaims(verdict: EvidenceVerdict): Claim[] {
  return verdict.claims.map((own) => ({
    ...own,
    name: own.name === 'report_data_bound' ? 'devices_nonce' : `devices.${own.name}`,
  }));
}

async function verifyDevices(
  report: AttestationReport,
  devices: readonly DeviceEvidence[],
  options: VerifyReportOptions,
): Promise<EvidenceVerdict> {
  const collateral = deviceCollateralOf(options.collateral);
  return verifyEvidence(
    {
      kind: 'nvidia',
      devices: devices.map((device, index) => ({
        ...device,
        ocspResponses: collateral?.deviceOcspResponses[index] ?? [],
      })),
      rims: collateral?.rims ?? [],
    },
    { policy: options.policy, expectedReportData: deviceNonce(report.keyset), nowMs: options.nowMs },
  );
}

/**
 * Judges GPUs and switches: bound by the keyset, over the nonce that follows from it, verified, and as many as the
 * policy asks for. Nobody needs them unless the policy does; but what is shown must hold.
 */
export async function deviceResult(
  report: AttestationReport,
  options: VerifyReportOptions,
): Promise<DeviceResult> {
  const { nvidia } = options.policy;
  const shown = Object.hasOwn(report.evidence, 'devices') ? report.evidence['devices'] : undefined;
  if (shown === undefined) {
    const isBound = deviceEntriesOf(report.keyset).length > 0;
    const claims = isBound ? [boundClaim(report, shown)] : [];
    return { claims: [...claims, ...absenceClaims(nvidia)], simulated: false };
  }
  try {
    const devices = parseDeviceEvidence(shown);
    const verdict = await verifyDevices(report, devices, options);
    const own = [presentClaim(verdict), ...ownClaims(verdict)];
    return { claims: [boundClaim(report, shown), ...own], simulated: verdict.simulated };
  } catch (error) {
    if (error instanceof AttestError) throw error;
    const reason = error instanceof Error ? error.message : 'the device evidence cannot be read';
    return { claims: [claim('devices_readable', 'fail', reason)], simulated: true };
  }
}
