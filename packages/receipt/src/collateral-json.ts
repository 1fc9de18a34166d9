import {
  encodeIntelCollateral,
  encodeSnpCollateral,
  type IntelCollateral,
  type NvidiaRim,
  parseIntelCollateral,
  parseSnpCollateral,
  type SnpCollateral,
} from '@dcml/attest';
import { Fields, fromHex, type JsonObject, type JsonValue, toHex } from '@dcml/core';
import { readAs } from './receipt-error.ts';
import { itemFields } from './text-forms.ts';

export interface AmdCollateral extends SnpCollateral {
  readonly kind: 'amd';
}

/** What the CPU's vendor publishes. Intel's has no `kind`: it is the form that was there first. */
export type CpuCollateral = IntelCollateral | AmdCollateral;

/** What NVIDIA publishes about the devices of one report. */
export interface NvidiaCollateral {
  readonly rims: readonly NvidiaRim[];
  /** OCSP responses (DER) for each device, in the order of the report's devices. */
  readonly deviceOcspResponses: readonly (readonly Uint8Array[])[];
}

/** Collateral of a machine with devices. */
export interface MachineCollateral {
  readonly kind: 'machine';
  readonly cpu: CpuCollateral;
  readonly devices: NvidiaCollateral;
}

/** All that a verifier needs from vendors beside the evidence. It authenticates itself: anybody may hand it out. */
export type Collateral = CpuCollateral | MachineCollateral;

const MAX_TEXT = 1 << 20;
const MAX_ITEMS = 64;

/** The part about the CPU. */
export function cpuCollateralOf(collateral: Collateral): CpuCollateral {
  return 'kind' in collateral && collateral.kind === 'machine' ? collateral.cpu : collateral;
}

/** The part about the devices; null when there is none. */
export function deviceCollateralOf(collateral: Collateral): NvidiaCollateral | null {
  return 'kind' in collateral && collateral.kind === 'machine' ? collateral.devices : null;
}

function encodeResponses(responses: readonly Uint8Array[]): string[] {
  return responses.map((response) => toHex(response));
}

function encodeCpu(collateral: CpuCollateral): JsonObject {
  if (!('kind' in collateral)) return encodeIntelCollateral(collateral);
  return { kind: 'amd', ...encodeSnpCollateral(collateral) };
}

/** The JSON value that `collateralFromJson` reads (docs/protocol/aci.md, "Collateral"). */
export function encodeCollateral(collateral: Collateral): JsonObject {
  const devices = deviceCollateralOf(collateral);
  const cpu = encodeCpu(cpuCollateralOf(collateral));
  if (devices === null) return cpu;
  return {
    kind: 'machine',
    cpu,
    devices: {
      rims: devices.rims.map((rim) => ({ xml: rim.xml, ocsp_hex: encodeResponses(rim.ocspResponses) })),
      device_ocsp_hex: devices.deviceOcspResponses.map(encodeResponses),
    },
  };
}

function readResponses(values: readonly JsonValue[], path: string): Uint8Array[] {
  return values.map((value, index) => {
    if (typeof value !== 'string') throw new TypeError(`${path}[${index}]: expected a string`);
    return fromHex(value, `${path}[${index}]`);
  });
}

function readNvidia(fields: Fields): NvidiaCollateral {
  const rims = fields.array('rims', MAX_ITEMS).map((item, index): NvidiaRim => {
    const rim = itemFields(item, `${fields.path}.rims`, index);
    const read = {
      xml: rim.string('xml', MAX_TEXT),
      ocspResponses: readResponses(rim.array('ocsp_hex', MAX_ITEMS), `${rim.path}.ocsp_hex`),
    };
    rim.done();
    return read;
  });
  const deviceOcspResponses = fields.array('device_ocsp_hex', MAX_ITEMS).map((item, index) => {
    const path = `${fields.path}.device_ocsp_hex[${index}]`;
    if (!Array.isArray(item) || item.length > MAX_ITEMS)
      throw new TypeError(`${path}: expected a short list`);
    return readResponses(item as readonly JsonValue[], path);
  });
  fields.done();
  return { rims, deviceOcspResponses };
}

function readCpu(value: JsonValue): CpuCollateral {
  const fields = new Fields(value, 'collateral');
  if (!fields.has('kind')) return parseIntelCollateral(value);
  fields.oneOf('kind', ['amd']);
  const { kind: _, ...members } = value as JsonObject;
  return { kind: 'amd', ...parseSnpCollateral(members) };
}

/** Shape only; the verifier checks every signature in it. Throws `RECEIPT_COLLATERAL`. */
export function collateralFromJson(value: JsonValue): Collateral {
  return readAs('RECEIPT_COLLATERAL', () => {
    const fields = new Fields(value, 'collateral');
    if (fields.optional('kind') !== 'machine') return readCpu(value);
    const cpu = readCpu(fields.required('cpu'));
    const devices = readNvidia(fields.object('devices'));
    fields.done();
    return { kind: 'machine', cpu, devices };
  });
}
