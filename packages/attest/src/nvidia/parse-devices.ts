import { formatError } from '../attest-error.ts';
import { attempt } from '../claim-sheet.ts';
import type { Device } from './device.ts';
import { type CertificateReader, parseDeviceChain } from './device-chain.ts';
import { readDeviceFacts } from './device-facts.ts';
import type { NvidiaDeviceEvidence, NvidiaEvidence } from './evidence.ts';
import { parseSpdmReport } from './parse-report.ts';

const MAX_DEVICES = 128;

function parseDevice(evidence: NvidiaDeviceEvidence, name: string, read: CertificateReader): Device {
  const { role, ocspResponses } = evidence;
  if (role !== 'gpu' && role !== 'switch') throw formatError(name, 'is neither a gpu nor a switch');
  // A copy: nobody can change the bytes between two checks.
  const report = parseSpdmReport(Uint8Array.from(evidence.report));
  const facts = readDeviceFacts(role, report.opaque);
  return {
    name,
    role,
    report,
    facts,
    chain: parseDeviceChain(evidence.certificateChainPem, read),
    ocspResponses,
  };
}

/** Reads every report and chain of the evidence; the first that cannot be read is the problem. */
export function parseDevices(
  { devices }: NvidiaEvidence,
  read: CertificateReader,
): ReturnType<typeof attempt<readonly Device[]>> {
  if (devices.length === 0) return { problem: 'the evidence names no device' };
  if (devices.length > MAX_DEVICES) return { problem: `more than ${MAX_DEVICES} devices` };
  const parsed: Device[] = [];
  for (const [i, evidence] of devices.entries()) {
    const name = `devices[${i}]`;
    const device = attempt(() => parseDevice(evidence, name, read));
    if (device.problem !== undefined) return { problem: `${name}: ${device.problem}` };
    parsed.push(device.value);
  }
  return { value: parsed };
}
