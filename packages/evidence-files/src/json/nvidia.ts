import type { JsonObject, JsonValue } from '@dcml/core';
import { isNvidiaReport } from '../binary/nvidia-report.ts';
import { brokenFile } from '../evidence-files-error.ts';
import { type FileContents, oneSubject, type Part } from '../part.ts';
import { readPemBlocks } from '../text/pem.ts';
import { tryBase64 } from '../text/radix.ts';
import { arrayOf, bytesMember, objectWith, textMember } from './members.ts';

const WHAT = 'NVIDIA evidence';
const MAX_DEVICES = 64;
const SWITCH = /LS[_-]?10|SWITCH/i;

function chainOf(device: JsonObject): Uint8Array[] {
  const given = textMember(device, 'certificate', WHAT);
  const pem = given.startsWith('-----')
    ? given
    : new TextDecoder().decode(tryBase64(given) ?? new Uint8Array());
  const chain = readPemBlocks(pem).map((block) => block.bytes);
  if (chain.length === 0) throw brokenFile(WHAT, 'certificate holds no PEM certificates');
  return chain;
}

function readDevice(value: JsonValue, bundleArchitecture: string): Part {
  const device = objectWith(value, 'certificate', 'evidence');
  if (device === undefined) throw brokenFile(WHAT, 'a device lacks certificate or evidence');
  const report = bytesMember(device, 'evidence', WHAT);
  if (!isNvidiaReport(report)) throw brokenFile(WHAT, 'evidence is no SPDM measurement report');
  const own = device['arch'];
  const architecture = typeof own === 'string' ? own : bundleArchitecture;
  const role = SWITCH.test(architecture) ? 'switch' : 'gpu';
  return { type: 'nvidia-device', role, report, chain: chainOf(device) };
}

/** Devices of the SDK's list, or of the object that NRAS takes, whose `evidence_list` is that list. */
export function nvidiaDevices(value: JsonValue | undefined): Part[] | undefined {
  const bundle = objectWith(value, 'evidence_list') ?? objectWith(value, 'evidences');
  const list = arrayOf(value) ?? arrayOf(bundle?.['evidence_list'] ?? bundle?.['evidences']);
  if (
    list === undefined ||
    list.length === 0 ||
    objectWith(list[0], 'certificate', 'evidence') === undefined
  ) {
    return undefined;
  }
  if (list.length > MAX_DEVICES)
    throw brokenFile(WHAT, `has ${list.length} devices, more than ${MAX_DEVICES}`);
  const architecture = bundle?.['arch'];
  return list.map((device) => readDevice(device, typeof architecture === 'string' ? architecture : ''));
}

/** Evidence of GPUs and switches as NVIDIA's SDK writes it. */
export function readNvidia(value: JsonValue): FileContents | undefined {
  const devices = nvidiaDevices(value);
  return devices && oneSubject(`NVIDIA evidence of ${devices.length} device(s)`, ...devices);
}

const TOKEN = /^[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}$/;

/** True for one signed token in compact form (RFC 7515 section 3.1) whose header is JSON. */
export function isToken(text: string): boolean {
  return text.startsWith('eyJ') && TOKEN.test(text);
}

/** The detached EAT bundle of NVIDIA's attestation service: the overall token, then one for each device. */
export function readNras(value: JsonValue, text: string): FileContents | undefined {
  const [overall, devices] = arrayOf(value) ?? [];
  const [type, token] = arrayOf(overall) ?? [];
  if (type !== 'JWT' || typeof token !== 'string' || !isToken(token)) return undefined;
  const count = Object.keys(objectWith(arrayOf(devices)?.[1] ?? devices) ?? {}).length;
  return oneSubject(`NVIDIA attestation service token (detached EAT, ${count} device(s))`, {
    type: 'nras-token',
    token: text.trim(),
  });
}
