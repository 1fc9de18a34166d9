import { concatBytes, fromHex } from '@dcml/core';
import { signWith } from '../signing-key.ts';
import type { SimulatedNvidiaDevice } from './device-writer.ts';

/** An opaque field: its type and its value, or null to leave it out. */
export type OpaqueFields = Readonly<Record<number, Uint8Array | null>>;

export interface NvidiaReportOptions {
  /** 32 bytes: the verifier's. */
  readonly nonce: Uint8Array;
  /** Ids of the devices on the other side of the fabric. */
  readonly links?: readonly string[];
  readonly opaque?: OpaqueFields;
  /** Values by SPDM index, 96 hex digits each; all others are zero. */
  readonly measurements?: Readonly<Record<number, string>>;
  /** Applied to request and response before they are signed. */
  readonly beforeSigning?: (bytes: Uint8Array) => Uint8Array;
  /** Applied to the whole report at the end. */
  readonly afterSigning?: (bytes: Uint8Array) => Uint8Array;
}

export const simulatedDriverVersion = '590.12';
export const simulatedGpuVbios = '96.00.A5.00.01';
export const simulatedSwitchVbios = '96.10.55.00.01';

const BLOCKS = { gpu: 64, switch: 31 } as const;
const text = (value: string): Uint8Array => Uint8Array.from(value, (letter) => letter.charCodeAt(0));
const padded = (value: string, length = value.length + 1): Uint8Array => {
  const out = new Uint8Array(length);
  out.set(text(value));
  return out;
};
const u16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >> 8);

function gpuFields(device: SimulatedNvidiaDevice, links: readonly string[] | undefined): OpaqueFields {
  const isBlackwell = device.architecture === 'blackwell';
  const mode = links === undefined ? (isBlackwell ? 1 : 0) : 2;
  return {
    3: padded(simulatedDriverVersion),
    6: fromHex('00a5009601000000'),
    11: Uint8Array.of(0x55),
    15: padded('885', 9),
    17: padded('G520'),
    18: padded('0200'),
    20: fromHex(device.firmwareId),
    21: Uint8Array.of(mode === 2 ? 0xaa : 0x55),
    22: links === undefined ? null : concatBytes(...links.map((id) => fromHex(id))),
    34: u16(1),
    35: isBlackwell ? padded('GB100') : null,
    36: u16(mode),
  };
}

function switchFields(device: SimulatedNvidiaDevice, links: readonly string[] | undefined): OpaqueFields {
  const places = Array.from({ length: 8 }, (_, i) => fromHex(links?.[i] ?? links?.at(-1) ?? 'ff'.repeat(8)));
  return {
    6: text(simulatedSwitchVbios),
    22: fromHex(device.pdi),
    25: u16(1),
    26: links === undefined ? null : concatBytes(...places, new Uint8Array(64).fill(0xff)),
  };
}

function blocksOf(count: number, measurements: Readonly<Record<number, string>>): Uint8Array {
  const blocks = Array.from({ length: count }, (_, i) => {
    const value = fromHex(measurements[i + 1] ?? '00'.repeat(48));
    return concatBytes(Uint8Array.of(i + 1, 1), u16(51), Uint8Array.of(1), u16(48), value);
  });
  const record = concatBytes(...blocks);
  return concatBytes(Uint8Array.of(count), u16(record.length), Uint8Array.of(0), record);
}

/** GET_MEASUREMENTS request and signed MEASUREMENTS response of a simulated device, laid out as NVIDIA's. */
export function writeNvidiaReport(
  device: SimulatedNvidiaDevice,
  options: NvidiaReportOptions,
): Uint8Array<ArrayBuffer> {
  const { nonce, links, opaque = {}, measurements = {} } = options;
  const usual = device.role === 'gpu' ? gpuFields(device, links) : switchFields(device, links);
  const fields = Object.entries({ ...usual, ...opaque }).flatMap(([type, value]) =>
    value === null ? [] : [u16(Number(type)), u16(value.length), value],
  );
  const opaqueBytes = concatBytes(...fields);
  const written = concatBytes(
    Uint8Array.of(0x11, 0xe0, 0x01, 0xff),
    nonce,
    Uint8Array.of(0),
    Uint8Array.of(0x11, 0x60, 0, 0),
    blocksOf(BLOCKS[device.role], measurements),
    new Uint8Array(32).fill(0xd0),
    u16(opaqueBytes.length),
    opaqueBytes,
  );
  const signed = options.beforeSigning?.(written) ?? written;
  const report = concatBytes(signed, signWith(device.leafKey, signed, 'raw'));
  return Uint8Array.from(options.afterSigning?.(report) ?? report);
}
