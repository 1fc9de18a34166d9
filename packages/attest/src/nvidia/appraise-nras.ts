import { equalBytes, type JsonValue } from '@dcml/core';
import { type NvidiaArchitecture, nvidiaArchitectures } from '../policy/nvidia-policy.ts';
import type { EvidencePolicy } from '../policy/policy.ts';
import { formatTime } from '../x509/chain.ts';
import { firstProblem } from './device.ts';
import type { NrasDeviceMeasurements } from './measurements.ts';
import type { NrasSheet } from './nras-claims.ts';
import type { DeviceToken, NrasAnswer, TokenClaims } from './nras-token.ts';
import { isOlderVersion } from './version-order.ts';

const ISSUER = 'https://nras.attestation.nvidia.com';
const OCSP_STATUS = 'x-nvidia-cert-ocsp-status';

/** Claims that must stand in a device's token, with their one good value. */
const required: readonly (readonly [string, JsonValue])[] = [
  ['secboot', true],
  ['dbgstat', 'disabled'],
  ['measres', 'success'],
];

function timeProblem(claims: TokenClaims, nowMs: number, maxAgeMs: number): string | undefined {
  const { issuedAtMs, notBeforeMs, expiresAtMs } = claims;
  const from = Math.max(issuedAtMs, notBeforeMs);
  const until = Math.min(expiresAtMs, issuedAtMs + maxAgeMs);
  if (nowMs >= from && nowMs < until) return undefined;
  return `is for ${formatTime(from)} to ${formatTime(until)}, not for ${formatTime(nowMs)}`;
}

/** A claim of the service that something is wrong: any `false`, a certificate that is not valid, a warning. */
function valueProblem(name: string, value: JsonValue, requireOcsp: boolean): string | undefined {
  if (value === false) return `${name} is false`;
  if (name === 'x-nvidia-attestation-warning' && value !== null) return `warning ${JSON.stringify(value)}`;
  if (name === 'x-nvidia-mismatch-measurement-records' && value !== null) return 'measurements do not match';
  if (!name.endsWith('-cert-chain')) return undefined;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return `${name} is no object`;
  const members = new Map<string, JsonValue>(Object.entries(value));
  if (members.get('x-nvidia-cert-status') !== 'valid') return `${name} is not valid`;
  const status = members.get(OCSP_STATUS);
  // Where it says anything else than good, that counts even if nobody asked.
  if (status !== 'good' && (requireOcsp || members.has(OCSP_STATUS)))
    return `OCSP status of ${name} is not good`;
  return [...members].find(([, member]) => member === false) && `${name} has a member that is false`;
}

function resultProblem({ members }: DeviceToken, requireOcsp: boolean): string | undefined {
  const wrong = required.find(([name, value]) => members[name] !== value);
  if (wrong !== undefined) return `${wrong[0]} is ${JSON.stringify(members[wrong[0]] ?? null)}`;
  for (const [name, value] of Object.entries(members)) {
    const problem = valueProblem(name, value, requireOcsp);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const text = (value: JsonValue | undefined): string | null => (typeof value === 'string' ? value : null);

/** What the service says about a device. */
export function measureToken({ name, role, members }: DeviceToken): NrasDeviceMeasurements {
  const bios =
    role === 'gpu' ? members['x-nvidia-gpu-vbios-version'] : members['x-nvidia-switch-bios-version'];
  return {
    name,
    hardwareModel: text(members['hwmodel']) ?? '',
    ueid: text(members['ueid']) ?? '',
    driverVersion: text(members['x-nvidia-gpu-driver-version']),
    vbiosVersion: text(bios),
  };
}

const models: Readonly<Record<NvidiaArchitecture, RegExp>> = {
  hopper: /^GH100 [A-Z]\d\d GSP BROM$/,
  blackwell: /^GB[12]\d\d [A-Z]\d\d (?:GSP|FSP) BROM$/,
  ls10: /^LS_10 [A-Z]\d\d FSP BROM$/,
};

function architectureProblem(
  device: DeviceToken,
  accepted: readonly NvidiaArchitecture[],
): string | undefined {
  const { hardwareModel } = measureToken(device);
  const architecture = nvidiaArchitectures.find((candidate) => models[candidate].test(hardwareModel));
  const isRole = architecture !== undefined && (architecture === 'ls10') === (device.role === 'switch');
  return isRole && accepted.includes(architecture)
    ? undefined
    : `model ${JSON.stringify(hardwareModel)} is of no architecture that the policy accepts`;
}

/** The tokens are those that the token about all devices names, and speak of one nonce. */
function bindingProblem({ claims, digests, devices }: NrasAnswer): string | undefined {
  if (devices === undefined) return undefined;
  if (digests === undefined) return 'the token names no devices';
  const missing = [...digests.keys()].find((name) => devices.every((device) => device.name !== name));
  if (missing !== undefined) return `${missing} is named, and its token is missing`;
  return firstProblem(devices, ({ name, digest, claims: own }) => {
    if (digests.get(name) !== digest) return 'is not the token that was named';
    if (own.issuer !== claims.issuer) return 'is of another issuer';
    return equalBytes(own.nonce, claims.nonce) ? undefined : 'is about another nonce';
  });
}

function checkDevices(sheet: NrasSheet, devices: readonly DeviceToken[], { nvidia }: EvidencePolicy): void {
  const result = firstProblem(devices, (device) => resultProblem(device, nvidia.requireOcsp));
  sheet.check('device_results', result, 'every device measures well, boots securely and is not under debug');
  const ueids = devices.map((device) => measureToken(device).ueid);
  const isDistinct = ueids.every((ueid) => ueid !== '') && new Set(ueids).size === ueids.length;
  sheet.check(
    'devices_distinct',
    isDistinct ? undefined : 'two devices have one ueid, or none',
    'every device has its own ueid',
  );
  const gpus = devices.filter(({ role }) => role === 'gpu').length;
  const switches = devices.length - gpus;
  const isEnough = gpus >= nvidia.minGpus && switches >= nvidia.minSwitches && devices.length > 0;
  const counted = `${gpus} GPUs and ${switches} switches`;
  const asked = `the policy asks for ${nvidia.minGpus} and ${nvidia.minSwitches}`;
  sheet.check('device_count', isEnough ? undefined : `${counted}; ${asked}`, counted);
  const strange = firstProblem(devices, (device) => architectureProblem(device, nvidia.architectures));
  sheet.check('architecture_accepted', strange, 'the policy accepts every model');
  const { minDriverVersion } = nvidia;
  if (minDriverVersion === undefined) {
    sheet.waive('driver_accepted', 'the policy accepts any driver');
    return;
  }
  const old = firstProblem(devices, (device) => {
    const { driverVersion } = measureToken(device);
    if (device.role === 'switch') return undefined;
    if (driverVersion === null) return 'states no driver version';
    const isOld = isOlderVersion(driverVersion, minDriverVersion);
    return isOld ? `driver ${driverVersion} is older than the policy's ${minDriverVersion}` : undefined;
  });
  sheet.check('driver_accepted', old, `every driver is ${minDriverVersion} or newer`);
}

/** Judges tokens whose signatures hold: time, issuer, binding, and what they say about each device. */
export function appraiseNras(
  sheet: NrasSheet,
  answer: NrasAnswer,
  policy: EvidencePolicy,
  nowMs: number,
): void {
  const maxAgeMs = policy.maxEvidenceAgeSeconds * 1000;
  const tokens = [{ name: 'token', claims: answer.claims }, ...(answer.devices ?? [])];
  const late = firstProblem(tokens, ({ claims }) => timeProblem(claims, nowMs, maxAgeMs));
  sheet.check('token_current', late, 'every token is current');
  const { issuer } = answer.claims;
  sheet.check(
    'issuer_accepted',
    issuer === ISSUER ? undefined : `the issuer is ${JSON.stringify(issuer)}`,
    `the issuer is ${ISSUER}`,
  );
  sheet.check(
    'overall_result',
    answer.overallResult ? undefined : 'the service says that attestation failed',
    'the service says that attestation succeeded',
  );
  const binding = bindingProblem(answer);
  if (answer.devices === undefined) {
    sheet.leaveOpen('devices_bound', 'the answer is one token, without those of the devices');
  } else if (
    sheet.check('devices_bound', binding, 'each token is the one that was named, of one issuer and nonce')
  ) {
    checkDevices(sheet, answer.devices, policy);
  }
}
