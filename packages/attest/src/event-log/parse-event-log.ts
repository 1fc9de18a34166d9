import { encodeUtf8, equalBytes, toHex } from '@dcml/core';
import { ByteCursor } from '../byte-cursor.ts';
import { digestLengths, eventTypes } from './event-types.ts';

/** Firmware reserves up to 1 MiB (the largest captured area); the longest real log seen has 52 kB. */
const MAX_EVENT_LOG_BYTES: number = 1 << 20;
const MAX_EVENTS = 4096;

/** One event, read and not yet believed. */
export interface MeasuredEvent {
  /** Position in the log, from 0, the header not counted. */
  readonly index: number;
  /** Offset of the event in the log. */
  readonly offset: number;
  /** PCR number, or index of a CC measurement register (0 is MRTD, 1 to 4 are RTMR0 to RTMR3). */
  readonly register: number;
  readonly type: number;
  /** By TPM_ALG_ID. */
  readonly digests: ReadonlyMap<number, Uint8Array>;
  readonly data: Uint8Array;
}

export interface EventLog {
  /** TPM_ALG_ID of each bank of the log. */
  readonly algorithms: readonly number[];
  readonly events: readonly MeasuredEvent[];
}

/** What a TPM's log and the log of a confidential VM do differently. */
export interface EventLogForm {
  readonly what: string;
  /** Registers in which the header may stand. */
  readonly headerRegisters: readonly number[];
  readonly maxRegister: number;
  /** The log lies in a larger area, of which the rest is filled with 0xff or zero. */
  readonly isPadded: boolean;
}

const SIGNATURE = encodeUtf8('Spec ID Event03\0');

/** The first event (TCG_EfiSpecIdEvent, section 10.4.5.1), in the form of TPM 1.2 with a SHA-1 digest of zeros. */
function readHeader(cursor: ByteCursor, form: EventLogForm): Map<number, number> {
  const register = cursor.u32('register of the header');
  if (!form.headerRegisters.includes(register)) cursor.fail(`header is in register ${register}`, 0);
  if (cursor.u32('type of the header') !== eventTypes.noAction) cursor.fail('header is not EV_NO_ACTION', 4);
  cursor.zero(20, 'digest of the header');
  const header = cursor.sub(cursor.u32('size of the header'), 'header');
  const start = header.offset;
  if (!equalBytes(header.bytes(16, 'header signature'), SIGNATURE))
    header.fail('is not Spec ID Event03', start);
  header.bytes(4, 'platform class');
  const [minor, major] = header.bytes(2, 'specification version');
  if (major !== 2 || minor !== 0)
    header.fail(`specification version ${major}.${minor} is not 2.0`, start + 20);
  header.bytes(2, 'errata and size of UINTN');
  const count = header.u32('number of algorithms');
  if (count < 1 || count > digestLengths.size) header.fail(`log has ${count} banks`, start + 24);
  const algorithms = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const at = header.offset;
    const [id, size] = [header.u16('algorithm'), header.u16('digest size')];
    if (digestLengths.get(id) !== size) header.fail(`algorithm 0x${id.toString(16)} with ${size} bytes`, at);
    if (algorithms.has(id)) header.fail(`algorithm 0x${id.toString(16)} comes twice`, at);
    algorithms.set(id, size);
  }
  const [vendorInfoBytes] = header.bytes(1, 'size of vendor info');
  header.bytes(vendorInfoBytes!, 'vendor info');
  header.end();
  return algorithms;
}

function readDigests(cursor: ByteCursor, algorithms: ReadonlyMap<number, number>): Map<number, Uint8Array> {
  const start = cursor.offset;
  const count = cursor.u32('number of digests');
  if (count !== algorithms.size)
    cursor.fail(`event has ${count} digests, the log ${algorithms.size} banks`, start);
  const digests = new Map<number, Uint8Array>();
  for (let i = 0; i < count; i++) {
    const at = cursor.offset;
    const id = cursor.u16('digest algorithm');
    const size = algorithms.get(id);
    if (size === undefined || digests.has(id)) {
      return cursor.fail(`digest algorithm 0x${id.toString(16)} is foreign or comes twice`, at);
    }
    digests.set(id, cursor.bytes(size, 'digest'));
  }
  return digests;
}

/** TCG_PCR_EVENT2, section 10.2.2. */
function readEvent(
  cursor: ByteCursor,
  index: number,
  algorithms: ReadonlyMap<number, number>,
  form: EventLogForm,
): MeasuredEvent {
  const { offset } = cursor;
  const register = cursor.u32('register');
  if (register > form.maxRegister) cursor.fail(`register ${register} does not exist`, offset);
  const type = cursor.u32('event type');
  const digests = readDigests(cursor, algorithms);
  const data = cursor.bytes(cursor.u32('event size'), 'event data');
  if (type === eventTypes.noAction) {
    for (const digest of digests.values()) {
      if (digest.some((byte) => byte !== 0))
        cursor.fail(`EV_NO_ACTION has the digest ${toHex(digest)}`, offset);
    }
  }
  return { index, offset, register, type, digests, data };
}

/** True if nothing but one fill byte follows. No event starts so: its register would be 4294967295, or it had no digests. */
function isPadding(rest: Uint8Array): boolean {
  const [fill] = rest;
  return (fill === 0xff || fill === 0) && rest.every((byte) => byte === fill);
}

/**
 * Parses a crypto agile log (TCG PC Client Platform Firmware Profile 1.06, section 10). Every event has one digest for
 * each bank that the header names. Throws `ATTEST_FORMAT` with the offset.
 */
export function parseEventLog(log: Uint8Array, form: EventLogForm): EventLog {
  const cursor = new ByteCursor(log, form.what);
  if (log.length > MAX_EVENT_LOG_BYTES) cursor.fail(`is longer than ${MAX_EVENT_LOG_BYTES} bytes`);
  const algorithms = readHeader(cursor, form);
  const events: MeasuredEvent[] = [];
  while (cursor.remaining > 0) {
    // The digest count of an event is never zero, so 12 zero bytes are no event.
    const { offset } = cursor;
    const head = log.subarray(offset, offset + 12);
    if (form.isPadded && isPadding(head) && isPadding(log.subarray(offset))) break;
    if (events.length === MAX_EVENTS) cursor.fail(`more than ${MAX_EVENTS} events`);
    events.push(readEvent(cursor, events.length, algorithms, form));
  }
  return { algorithms: [...algorithms.keys()], events };
}
