import { equalBytes, toHex } from '@dcml/core';
import { publicKeyBits } from '../ocsp/digest.ts';
import type { NvidiaPolicy } from '../policy/nvidia-policy.ts';
import type { NvidiaSheet } from './claims.ts';
import { type AuthenticDevice, firstProblem } from './device.ts';
import { topologyProblem } from './topology.ts';
import { isOlderVersion } from './version-order.ts';

/** The first value that two devices share, with both their names. */
function sharedValue(
  devices: readonly AuthenticDevice[],
  identify: (device: AuthenticDevice) => string,
): string | undefined {
  const seen = new Map<string, string>();
  for (const device of devices) {
    const value = identify(device);
    const other = seen.get(value);
    if (other !== undefined) return `${other} and ${device.name}`;
    seen.set(value, device.name);
  }
  return undefined;
}

function checkSet(sheet: NvidiaSheet, devices: readonly AuthenticDevice[], policy: NvidiaPolicy): void {
  const [first] = devices;
  const otherNonce = devices.find(
    ({ report }) => !equalBytes(report.nonce, first?.report.nonce ?? new Uint8Array()),
  );
  sheet.check(
    'one_nonce',
    otherNonce && `${otherNonce.name} answered another nonce than ${first?.name ?? ''}`,
    `all ${devices.length} devices answered one nonce`,
  );
  const shared =
    sharedValue(devices, ({ chain }) => chain.identity.serial) ??
    sharedValue(devices, ({ chain }) => toHex(publicKeyBits(chain.identity.publicKey))) ??
    sharedValue(devices, ({ chain }) => toHex(publicKeyBits(chain.leaf.publicKey)));
  sheet.check(
    'devices_distinct',
    shared && `${shared} are one device`,
    'every device has its own identity and keys',
  );
  const gpus = devices.filter(({ role }) => role === 'gpu').length;
  const switches = devices.length - gpus;
  const tooFew = gpus < policy.minGpus || switches < policy.minSwitches;
  sheet.check(
    'device_count',
    tooFew
      ? `${gpus} GPUs and ${switches} switches; the policy asks for ${policy.minGpus} and ${policy.minSwitches}`
      : undefined,
    `${gpus} GPUs and ${switches} switches`,
  );
}

function checkKinds(sheet: NvidiaSheet, devices: readonly AuthenticDevice[], policy: NvidiaPolicy): void {
  const architecture = firstProblem(devices, ({ model }) =>
    policy.architectures.includes(model.architecture)
      ? undefined
      : `is of architecture ${model.architecture}; the policy accepts ${policy.architectures.join(', ')}`,
  );
  const chip = firstProblem(devices, ({ facts, model }) =>
    facts.chip === undefined || facts.chip === model.chip
      ? undefined
      : `calls itself ${facts.chip}, its certificate ${model.chip}`,
  );
  const seen = [...new Set(devices.map(({ model }) => model.architecture))].join(', ');
  sheet.check('architecture_accepted', architecture ?? chip, `the policy accepts ${seen}`);
  const { minDriverVersion } = policy;
  const driver = firstProblem(devices, ({ facts }) =>
    minDriverVersion !== undefined &&
    facts.driverVersion !== undefined &&
    isOlderVersion(facts.driverVersion, minDriverVersion)
      ? `driver ${facts.driverVersion} is older than the policy's ${minDriverVersion}`
      : undefined,
  );
  if (minDriverVersion === undefined) sheet.waive('driver_accepted', 'the policy accepts any driver');
  else sheet.check('driver_accepted', driver, `every driver is ${minDriverVersion} or newer`);
}

/** The same mode on every GPU, and every switch locked: nothing of the fabric can be changed until it is reset. */
function checkModes(sheet: NvidiaSheet, devices: readonly AuthenticDevice[]): void {
  const modes = new Set(devices.flatMap(({ facts }) => facts.gpuMode ?? []));
  const problem =
    firstProblem(devices, ({ facts }) =>
      facts.isLocked === false ? 'the switch is not locked' : undefined,
    ) ?? (modes.size > 1 ? `GPUs are in different modes: ${[...modes].join(', ')}` : undefined);
  const silent = devices.find(({ role, facts }) =>
    role === 'gpu' ? facts.gpuMode === undefined : facts.isLocked === undefined,
  );
  if (problem === undefined && silent !== undefined) {
    sheet.leaveOpen('confidential_mode', `${silent.name}: the report does not state the mode`);
    return;
  }
  const passed = [...modes].map((mode) => `GPUs are in confidential mode ${mode}`);
  if (devices.some(({ role }) => role === 'switch')) passed.push('switches are locked');
  sheet.check('confidential_mode', problem, passed.join('; '));
}

function checkTopology(sheet: NvidiaSheet, devices: readonly AuthenticDevice[]): void {
  const problem = topologyProblem(devices);
  const sides = new Set(devices.map(({ role }) => role));
  if (problem !== undefined || sides.size === 2) {
    sheet.check('topology_consistent', problem, 'GPUs and switches name each other, and nobody else');
  } else if (devices.some(({ facts }) => facts.links !== undefined)) {
    const other = sides.has('gpu') ? 'switches' : 'GPUs';
    // device_count refuses this where the policy asks for them.
    sheet.waive('topology_consistent', `the devices name ${other}, and the policy asks for none of them`);
  } else {
    sheet.waive('topology_consistent', 'no device says how it is wired');
  }
}

/** Judges authentic devices by the policy: as a set, by kind, by mode and by wiring. */
export function appraiseDevices(
  sheet: NvidiaSheet,
  devices: readonly AuthenticDevice[],
  policy: NvidiaPolicy,
): void {
  checkSet(sheet, devices, policy);
  checkKinds(sheet, devices, policy);
  checkModes(sheet, devices);
  checkTopology(sheet, devices);
}
