import type { Certificate } from '../x509/certificate.ts';
import type { DeviceChain, DeviceModel } from './device-chain.ts';
import type { DeviceFacts } from './device-facts.ts';
import type { NvidiaDeviceEvidence } from './evidence.ts';
import type { FirmwareIdentity } from './firmware-id.ts';
import type { SpdmReport } from './spdm.ts';

/** One device of the evidence, read and not yet believed. */
export interface Device {
  /** For messages: `devices[3]`. */
  readonly name: string;
  readonly role: NvidiaDeviceEvidence['role'];
  readonly report: SpdmReport;
  readonly facts: DeviceFacts;
  readonly chain: DeviceChain;
  readonly ocspResponses: readonly Uint8Array[];
}

/** A device whose report is signed by a key under a root of the policy. */
export interface AuthenticDevice extends Device {
  readonly root: Certificate;
  readonly model: DeviceModel;
  readonly firmware: FirmwareIdentity;
}

/** `devices[i]: problem` of the first device that has one, or undefined. */
export function firstProblem<Item extends Pick<Device, 'name'>>(
  devices: readonly Item[],
  problemOf: (device: Item) => string | undefined,
): string | undefined {
  for (const device of devices) {
    const problem = problemOf(device);
    if (problem !== undefined) return `${device.name}: ${problem}`;
  }
  return undefined;
}
