import { equalBytes, toHex } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import { attempt } from '../claim-sheet.ts';
import { checkPayloads } from './event-payload.ts';
import { eventTypes } from './event-types.ts';
import { type EventLog, type EventLogForm, parseEventLog } from './parse-event-log.ts';
import { replayEvents } from './replay.ts';

/**
 * TDX firmware writes the header into register 1, td-shim into 0. The area that ACPI's CCEL table names is larger than
 * the log: OVMF leaves it 0xff, td-shim zero.
 */
const ccLogForm: EventLogForm = {
  what: 'CC event log',
  headerRegisters: [0, 1],
  maxRegister: 4,
  isPadded: true,
};

/**
 * Parses the event log of a TD (ACPI table CCEL; UEFI 2.10 section 38.4.1: register 0 is MRTD, 1 to 4 are RTMR0 to
 * RTMR3). Throws `ATTEST_FORMAT`.
 */
export function parseCcEventLog(log: Uint8Array): EventLog {
  const parsed = parseEventLog(log, ccLogForm);
  const fixed = parsed.events.find(({ register, type }) => register === 0 && type !== eventTypes.noAction);
  if (fixed !== undefined) throw formatError('CC event log', 'extends MRTD', fixed.offset);
  return parsed;
}

function replayProblem(log: EventLog, rtmrs: readonly Uint8Array[]): string | undefined {
  const replayed = replayEvents(log, 'sha384');
  for (const [i, rtmr] of rtmrs.entries()) {
    const value = replayed.get(i + 1) ?? new Uint8Array(48);
    if (!equalBytes(value, rtmr)) return `RTMR${i} is ${toHex(rtmr)}, the CC event log gives ${toHex(value)}`;
  }
  return undefined;
}

/**
 * Replays the log of a TD to the given registers, RTMR0 first (at most four, 48 bytes each), and recomputes the digests
 * of payloads. `problem` says why the log is not that of these registers; `events` counts all but the header.
 */
export function replayCcEventLog(
  log: Uint8Array,
  rtmrs: readonly Uint8Array[],
): { problem: string | undefined; events: number } {
  const parsed = attempt(() => parseCcEventLog(Uint8Array.from(log)));
  if (parsed.value === undefined) return { problem: parsed.problem, events: 0 };
  const events = parsed.value.events.length;
  const { value } = parsed;
  const replayed = attempt(() => replayProblem(value, rtmrs));
  return { problem: checkPayloads(value).problem ?? replayed.problem ?? replayed.value, events };
}
