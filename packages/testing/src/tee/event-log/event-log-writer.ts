import { createHash } from 'node:crypto';
import { concatBytes, encodeUtf8 } from '@dcml/core';

/** Banks with their TPM_ALG_ID and digest length. */
export const logBanks = { sha1: [0x04, 20], sha256: [0x0b, 32], sha384: [0x0c, 48] } as const;
export type LogBank = keyof typeof logBanks;

/** One event to be written; the digests are those of `measured`, or of `data`, or zero for EV_NO_ACTION. */
export interface LoggedEvent {
  /** PCR number, or index of a CC measurement register. */
  readonly register: number;
  readonly type: number;
  readonly data: Uint8Array;
  /** What is hashed, where it is not the event data. */
  readonly measured?: Uint8Array;
}

export interface EventLogOptions {
  readonly banks?: readonly LogBank[];
  readonly headerRegister?: number;
  readonly vendorInfo?: Uint8Array;
  /** Bytes after the last event. */
  readonly trailer?: Uint8Array;
}

const EV_NO_ACTION = 3;

function u32(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}
const u16 = (value: number): Uint8Array => u32(value).subarray(0, 2);

export function hashWith(bank: LogBank, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(bank).update(bytes).digest());
}

export function eventDigest(event: LoggedEvent, bank: LogBank): Uint8Array {
  return event.type === EV_NO_ACTION
    ? new Uint8Array(logBanks[bank][1])
    : hashWith(bank, event.measured ?? event.data);
}

function writeHeader(banks: readonly LogBank[], options: EventLogOptions): Uint8Array {
  const vendorInfo = options.vendorInfo ?? new Uint8Array(0);
  const data = concatBytes(
    encodeUtf8('Spec ID Event03\0'),
    // Platform class, version 2.0, no errata, UINTN of 64 bits.
    Uint8Array.of(0, 0, 0, 0, 0, 2, 0, 2),
    u32(banks.length),
    ...banks.map((bank) => concatBytes(...logBanks[bank].map(u16))),
    Uint8Array.of(vendorInfo.length),
    vendorInfo,
  );
  const register = u32(options.headerRegister ?? 0);
  return concatBytes(register, u32(EV_NO_ACTION), new Uint8Array(20), u32(data.length), data);
}

function writeEvent(event: LoggedEvent, banks: readonly LogBank[]): Uint8Array {
  return concatBytes(
    u32(event.register),
    u32(event.type),
    u32(banks.length),
    ...banks.map((bank) => concatBytes(u16(logBanks[bank][0]), eventDigest(event, bank))),
    u32(event.data.length),
    event.data,
  );
}

/** A crypto agile log (TCG PC Client Platform Firmware Profile, section 10). */
export function writeEventLog(
  events: readonly LoggedEvent[],
  options: EventLogOptions = {},
): Uint8Array<ArrayBuffer> {
  const banks = options.banks ?? ['sha1', 'sha256', 'sha384'];
  return concatBytes(
    writeHeader(banks, options),
    ...events.map((event) => writeEvent(event, banks)),
    options.trailer ?? new Uint8Array(0),
  );
}

/** The register values that the events make, for every register that they extend; PCR 0 may start at a locality. */
export function extendRegisters(
  events: readonly LoggedEvent[],
  bank: LogBank,
  startupLocality = 0,
): Map<number, Uint8Array> {
  const registers = new Map<number, Uint8Array>();
  for (const event of events) {
    if (event.type === EV_NO_ACTION) continue;
    const start = new Uint8Array(logBanks[bank][1]);
    if (event.register === 0) start[start.length - 1] = startupLocality;
    const before = registers.get(event.register) ?? start;
    registers.set(event.register, hashWith(bank, concatBytes(before, eventDigest(event, bank))));
  }
  return registers;
}
