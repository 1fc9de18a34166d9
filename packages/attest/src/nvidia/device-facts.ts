import { toHex } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import type { NvidiaDeviceEvidence } from './evidence.ts';
import type { SpdmReport } from './spdm.ts';

// Types of NVIDIA's opaque fields (public repository NVIDIA/attestation-sdk, gpu_opaque_data_parser.hpp and
// switch_opaque_data_parser.hpp).
const DRIVER_VERSION = 3;
const VBIOS_VERSION = 6;
const NVDEC0_STATUS = 11;
const CHIP_SKU = 15;
const PROJECT = 17;
const PROJECT_SKU = 18;
const FWID = 20;
const PROTECTED_PCIE_STATUS = 21;
const PDIS = 22;
const LOCK_STATUS = 25;
const GPU_LINKS = 26;
const OPAQUE_VERSION = 34;
const CHIP_INFO = 35;
const FEATURE_FLAG = 36;

const ENABLED = 0xaa;
const DISABLED = 0x55;
const PDI_BYTES = 8;
/** The switch names its GPUs in eight places, then 64 port numbers. */
const SWITCH_GPU_PLACES = 8;
const SWITCH_PORTS = 64;

/** How the GPU is protected: alone, several under one host, or several with protected PCIe and attested switches. */
export type GpuMode = 'spt' | 'mpt' | 'ppcie';
const featureModes: readonly GpuMode[] = ['spt', 'mpt', 'ppcie'];

/** What a device says about itself in the opaque data of its report. Byte strings as lowercase hex. */
export interface DeviceFacts {
  readonly driverVersion: string | undefined;
  /** Dotted, in upper case, for example `96.00.5E.00.01`. */
  readonly vbiosVersion: string;
  /** Names the board in the ids of VBIOS manifests. */
  readonly project: string | undefined;
  readonly projectSku: string | undefined;
  readonly chipSku: string | undefined;
  /** For example `GB100`; Hopper does not say. */
  readonly chip: string | undefined;
  /** Digest of the firmware that made the attestation key, 48 bytes. */
  readonly firmwareId: string | undefined;
  /** Undefined for switches and for drivers that do not say. */
  readonly gpuMode: GpuMode | undefined;
  /** Undefined for GPUs and for switches that do not say. */
  readonly isLocked: boolean | undefined;
  /** Whether measurement 35 counts; undefined if the device does not say. */
  readonly hasNvdec0: boolean | undefined;
  /** The switch's own id, as the last 8 bytes of its identity certificate's serial number. */
  readonly ownPdi: string | undefined;
  /** Ids of the switches that a GPU is wired to, or of the GPUs that a switch is; each once. */
  readonly links: readonly string[] | undefined;
}

type Opaque = SpdmReport['opaque'];

function refuse(field: string): never {
  throw formatError('report', `opaque field ${field} has a value that is not known`);
}

function readText(opaque: Opaque, type: number, field: string): string | undefined {
  const bytes = opaque.get(type);
  if (bytes === undefined) return undefined;
  const match = /^([0-9A-Za-z._-]{1,32})\0*$/.exec(String.fromCharCode(...bytes.subarray(0, 64)));
  return match === null || bytes.length > 64 ? refuse(field) : match[1];
}

function readSwitch(opaque: Opaque, type: number, field: string): boolean | undefined {
  const bytes = opaque.get(type);
  if (bytes === undefined) return undefined;
  if (bytes.length !== 1 || (bytes[0] !== ENABLED && bytes[0] !== DISABLED)) refuse(field);
  return bytes[0] === ENABLED;
}

function readU16(opaque: Opaque, type: number, field: string, max: number): number | undefined {
  const bytes = opaque.get(type);
  if (bytes === undefined) return undefined;
  const value = bytes.length === 2 ? bytes[0]! + bytes[1]! * 0x100 : refuse(field);
  return value <= max ? value : refuse(field);
}

function readPdis(bytes: Uint8Array): string[] {
  const pdis = Array.from({ length: bytes.length / PDI_BYTES }, (_, i) =>
    toHex(bytes.subarray(i * PDI_BYTES, (i + 1) * PDI_BYTES)),
  );
  return [...new Set(pdis)];
}

/** Eight bytes, least significant first: byte 4 comes last in the dotted text, bytes 3 to 0 before it. */
function readGpuVbios(opaque: Opaque): string {
  const bytes = opaque.get(VBIOS_VERSION);
  if (bytes?.length !== 8) return refuse('VBIOS version');
  const order = [3, 2, 1, 0, 4] as const;
  return order.map((i) => toHex(Uint8Array.of(bytes[i]!)).toUpperCase()).join('.');
}

function readGpuMode(opaque: Opaque): GpuMode | undefined {
  const version = readU16(opaque, OPAQUE_VERSION, 'version of the opaque data', 1) ?? 0;
  const isProtected = readSwitch(opaque, PROTECTED_PCIE_STATUS, 'protected PCIe status');
  const flag = readU16(opaque, FEATURE_FLAG, 'feature flag', featureModes.length - 1);
  if (flag !== undefined && version === 0) refuse('feature flag');
  const stated = flag === undefined ? undefined : featureModes[flag];
  // Drivers without the flag know one mode beside protected PCIe.
  const mode = stated ?? (isProtected === undefined ? undefined : isProtected ? 'ppcie' : 'spt');
  if (isProtected !== undefined && isProtected !== (mode === 'ppcie')) refuse('protected PCIe status');
  return mode;
}

function readFirmwareId(opaque: Opaque): string | undefined {
  const bytes = opaque.get(FWID);
  if (bytes === undefined) return undefined;
  return bytes.length === 48 ? toHex(bytes) : refuse('firmware id');
}

function gpuFacts(opaque: Opaque): DeviceFacts {
  const pdis = opaque.get(PDIS);
  if (pdis !== undefined && (pdis.length === 0 || pdis.length % PDI_BYTES !== 0)) refuse('switch ids');
  return {
    driverVersion: readText(opaque, DRIVER_VERSION, 'driver version') ?? refuse('driver version'),
    vbiosVersion: readGpuVbios(opaque),
    project: readText(opaque, PROJECT, 'project') ?? refuse('project'),
    projectSku: readText(opaque, PROJECT_SKU, 'project SKU') ?? refuse('project SKU'),
    chipSku: readText(opaque, CHIP_SKU, 'chip SKU') ?? refuse('chip SKU'),
    chip: readText(opaque, CHIP_INFO, 'chip info'),
    firmwareId: readFirmwareId(opaque),
    gpuMode: readGpuMode(opaque),
    isLocked: undefined,
    hasNvdec0: readSwitch(opaque, NVDEC0_STATUS, 'NVDEC0 status'),
    ownPdi: undefined,
    links: pdis && readPdis(pdis),
  };
}

function switchFacts(opaque: Opaque): DeviceFacts {
  const pdi = opaque.get(PDIS);
  if (pdi !== undefined && pdi.length !== PDI_BYTES) refuse('switch id');
  const links = opaque.get(GPU_LINKS);
  const gpuBytes = SWITCH_GPU_PLACES * PDI_BYTES;
  if (links !== undefined && links.length !== gpuBytes + SWITCH_PORTS) refuse('GPU ids');
  const locked = readU16(opaque, LOCK_STATUS, 'lock status', 1);
  return {
    driverVersion: undefined,
    vbiosVersion: (readText(opaque, VBIOS_VERSION, 'VBIOS version') ?? refuse('VBIOS version')).toUpperCase(),
    // All switches of this generation are one board (NVIDIA/attestation-sdk, switch/evidence.cpp).
    project: '5612',
    projectSku: '0002',
    chipSku: '890',
    chip: undefined,
    firmwareId: readFirmwareId(opaque),
    gpuMode: undefined,
    isLocked: locked === undefined ? undefined : locked === 1,
    hasNvdec0: undefined,
    ownPdi: pdi && toHex(pdi),
    links: links && readPdis(links.subarray(0, gpuBytes)),
  };
}

/** Reads the opaque fields that are judged. Throws `ATTEST_FORMAT` on a value that is not known. */
export function readDeviceFacts(role: NvidiaDeviceEvidence['role'], opaque: Opaque): DeviceFacts {
  return role === 'gpu' ? gpuFacts(opaque) : switchFacts(opaque);
}
