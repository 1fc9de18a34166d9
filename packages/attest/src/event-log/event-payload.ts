import { encodeUtf8, equalBytes, sha256, sha384, sha512 } from '@dcml/core';
import { ByteCursor } from '../byte-cursor.ts';
import { attempt } from '../claim-sheet.ts';
import { algorithmIds, eventTypes } from './event-types.ts';
import type { EventLog, MeasuredEvent } from './parse-event-log.ts';

const hashes: ReadonlyMap<number, (bytes: Uint8Array) => Uint8Array> = new Map([
  [algorithmIds.sha256, sha256],
  [algorithmIds.sha384, sha384],
  [algorithmIds.sha512, sha512],
]);

/** Types whose digest is that of the whole event data (section 10.4.1). */
const WHOLE: readonly number[] = [
  eventTypes.separator,
  eventTypes.action,
  eventTypes.crtmVersion,
  eventTypes.omitBootDeviceEvents,
  eventTypes.variableDriverConfig,
  eventTypes.gptEvent,
  eventTypes.efiAction,
  eventTypes.variableBoot2,
  eventTypes.variableAuthority,
];

/** GRUB manual, "Measuring boot components": the digest is of the command itself, without prefix and final zero. */
const GRUB_PREFIXES: readonly Uint8Array[] = ['grub_cmd: ', 'kernel_cmdline: ', 'module_cmdline: '].map(
  encodeUtf8,
);

/** VariableData of a UEFI_VARIABLE_DATA (section 10.2.6). Throws `ATTEST_FORMAT`. */
function variableData({ data, offset }: MeasuredEvent): Uint8Array {
  const cursor = new ByteCursor(data, `boot variable of the event at offset ${offset}`);
  cursor.bytes(16, 'variable GUID');
  const nameLength = cursor.u32('name length');
  cursor.zero(4, 'upper half of the name length');
  const dataLength = cursor.u32('data length');
  cursor.zero(4, 'upper half of the data length');
  cursor.bytes(2 * nameLength, 'name');
  const value = cursor.bytes(dataLength, 'data');
  cursor.end();
  return value;
}

function grubCommand(data: Uint8Array): Uint8Array | undefined {
  const prefix = GRUB_PREFIXES.find((text) => equalBytes(text, data.subarray(0, text.length)));
  return prefix === undefined ? undefined : data.subarray(prefix.length, data.at(-1) === 0 ? -1 : undefined);
}

/**
 * What the digest of an event is of, where the event data says so; undefined for events whose digest is of something
 * outside the log (an image, a table, a file). Throws `ATTEST_FORMAT`.
 */
export function measuredBytes(event: MeasuredEvent): Uint8Array | undefined {
  if (WHOLE.includes(event.type)) return event.data;
  // Firmware measures the value of a boot variable alone; its successor EV_EFI_VARIABLE_BOOT2 covers the name too.
  if (event.type === eventTypes.variableBoot) return variableData(event);
  return event.type === eventTypes.ipl ? grubCommand(event.data) : undefined;
}

export interface PayloadCheck {
  /** Why an event's payload is not what was measured, or undefined. */
  readonly problem: string | undefined;
  /** Events whose payload is proven by their digests. */
  readonly proven: number;
  /** Events whose digest is of something that is not in the log. */
  readonly notRecomputable: number;
}

function eventProblem(event: MeasuredEvent, bytes: Uint8Array): string | undefined {
  let compared = 0;
  for (const [algorithm, digest] of event.digests) {
    const hash = hashes.get(algorithm);
    if (hash === undefined) continue;
    compared++;
    if (!equalBytes(hash(bytes), digest)) {
      return `payload of the event at offset ${event.offset} (type 0x${event.type.toString(16)}) is not what was measured`;
    }
  }
  return compared > 0 ? undefined : `event at offset ${event.offset} has no digest that can be recomputed`;
}

/** Recomputes the digests of all events whose payload is what was measured, in every bank but SHA-1 and SM3. */
export function checkPayloads({ events }: EventLog): PayloadCheck {
  let proven = 0;
  let notRecomputable = 0;
  for (const event of events) {
    if (event.type === eventTypes.noAction) continue;
    const read = attempt(() => measuredBytes(event));
    const problem = read.problem ?? (read.value === undefined ? undefined : eventProblem(event, read.value));
    if (problem !== undefined) return { problem, proven, notRecomputable };
    if (read.value === undefined) notRecomputable++;
    else proven++;
  }
  return { problem: undefined, proven, notRecomputable };
}
