import { concatBytes, encodeUtf8, equalBytes, sha256, sha384 } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import type { PcrBank } from '../tpm/evidence.ts';
import { algorithmIds, eventTypes } from './event-types.ts';
import { type EventLog, type EventLogForm, type MeasuredEvent, parseEventLog } from './parse-event-log.ts';

/** Banks that are replayed. SHA-1 is not: who can make collisions can give one digest two meanings. */
export type ReplayBank = Exclude<PcrBank, 'sha1'>;

const pcrLogForm: EventLogForm = {
  what: 'TCG event log',
  headerRegisters: [0],
  maxRegister: 23,
  isPadded: false,
};

const STARTUP_LOCALITY = encodeUtf8('StartupLocality\0');

/** Parses the log of a TPM (`binary_bios_measurements`), which ends with its last event. Throws `ATTEST_FORMAT`. */
export function parsePcrLog(log: Uint8Array): EventLog {
  return parseEventLog(log, pcrLogForm);
}

/** The locality in a StartupLocality event (section 10.4.5.3), or undefined if it is another EV_NO_ACTION. */
function startupLocality({ data, offset }: MeasuredEvent): number | undefined {
  if (!equalBytes(data.subarray(0, 16), STARTUP_LOCALITY)) return undefined;
  const [locality] = data.subarray(16);
  if (data.length !== 17 || (locality !== 0 && locality !== 3 && locality !== 4)) {
    throw formatError('TCG event log', 'startup locality is none of 0, 3 and 4', offset);
  }
  return locality;
}

/** Extends registers that start at zero, or at the startup locality (PCR 0), by every event but EV_NO_ACTION. */
export function replayEvents({ algorithms, events }: EventLog, bank: ReplayBank): Map<number, Uint8Array> {
  const algorithm = algorithmIds[bank];
  if (!algorithms.includes(algorithm)) throw formatError('TCG event log', `has no ${bank} bank`);
  const hash = bank === 'sha256' ? sha256 : sha384;
  const size = bank === 'sha256' ? 32 : 48;
  const values = new Map<number, Uint8Array>();
  for (const event of events) {
    const { register, type, digests } = event;
    if (type !== eventTypes.noAction) {
      const before = values.get(register) ?? new Uint8Array(size);
      values.set(register, hash(concatBytes(before, digests.get(algorithm)!)));
      continue;
    }
    const locality = startupLocality(event);
    if (locality === undefined) continue;
    if (register !== 0 || values.has(0)) {
      throw formatError('TCG event log', 'startup locality is not at the start of PCR 0', event.offset);
    }
    const start = new Uint8Array(size);
    start[size - 1] = locality;
    values.set(0, start);
  }
  return values;
}

/**
 * The values that a TPM's log gives the PCRs that it extends, in one bank. PCR 17 to 22 belong to the dynamic root of
 * trust, which has its own log. Throws `ATTEST_FORMAT`.
 */
export function replayPcrs(log: Uint8Array, bank: ReplayBank): Map<number, Uint8Array> {
  const parsed = parsePcrLog(log);
  const dynamic = parsed.events.find(({ register }) => register >= 17 && register <= 22);
  if (dynamic !== undefined) {
    throw formatError(
      'TCG event log',
      `extends PCR ${dynamic.register} of the dynamic root of trust`,
      dynamic.offset,
    );
  }
  return replayEvents(parsed, bank);
}
