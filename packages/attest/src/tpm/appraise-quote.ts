import { equalBytes, toHex } from '@dcml/core';
import { attempt } from '../claim-sheet.ts';
import { checkPayloads } from '../event-log/event-payload.ts';
import { parsePcrLog, type ReplayBank, replayPcrs } from '../event-log/replay.ts';
import type { TpmPolicy } from '../policy/measured-boot-policy.ts';
import type { QuotedPcrs } from './authenticate-quote.ts';
import type { TpmQuoteSheet } from './claims.ts';

/** PCR 0 to 7 are the firmware's own: what its log does not extend was not extended. */
const FIRMWARE_PCRS = 8;

function registerProblem(pcrs: QuotedPcrs, policy: NonNullable<TpmPolicy['pcrs']>): string | undefined {
  for (const [register, accepted] of Object.entries(policy)) {
    const value = pcrs.get(Number(register));
    if (value === undefined) return `PCR ${register} is not quoted; the policy lists its values`;
    if (!accepted.includes(toHex(value)))
      return `PCR ${register} is ${toHex(value)}, which the policy does not accept`;
  }
  return undefined;
}

function appraiseRegisters(sheet: TpmQuoteSheet, pcrs: QuotedPcrs, policy: TpmPolicy): void {
  const missing = policy.requiredPcrs.filter((pcr) => !pcrs.has(pcr));
  sheet.check(
    'pcrs_required',
    missing.length === 0 ? undefined : `the quote does not cover PCR ${missing.join(', ')}`,
    'the quote covers all PCRs that the policy names',
  );
  if (policy.pcrs === null) {
    sheet.waive('pcrs_accepted', 'the policy accepts any PCR values');
  } else {
    sheet.check(
      'pcrs_accepted',
      registerProblem(pcrs, policy.pcrs),
      'all PCR values of the policy are as it says',
    );
  }
}

interface Replay {
  readonly problem?: string;
  readonly explained: readonly number[];
}

function replay(log: Uint8Array, pcrs: QuotedPcrs, bank: ReplayBank): Replay {
  const values = replayPcrs(log, bank);
  const explained: number[] = [];
  for (const [pcr, quoted] of pcrs) {
    const value = values.get(pcr) ?? (pcr < FIRMWARE_PCRS ? new Uint8Array(quoted.length) : undefined);
    if (value === undefined) continue;
    if (!equalBytes(value, quoted)) {
      return { problem: `PCR ${pcr} is ${toHex(quoted)}, the event log gives ${toHex(value)}`, explained };
    }
    explained.push(pcr);
  }
  return explained.length > 0
    ? { explained }
    : { problem: 'the event log explains no quoted PCR', explained };
}

function appraiseEventLog(
  sheet: TpmQuoteSheet,
  pcrs: QuotedPcrs,
  bank: ReplayBank,
  eventLog: Uint8Array | undefined,
): void {
  if (eventLog === undefined) {
    sheet.waive('event_log_replay', 'there is no event log');
    sheet.waive('event_payloads', 'there is no event log');
    return;
  }
  const log = Uint8Array.from(eventLog);
  const replayed = attempt(() => replay(log, pcrs, bank));
  const explained = replayed.value?.explained ?? [];
  const rest = [...pcrs.keys()].filter((pcr) => !explained.includes(pcr));
  const holds = sheet.check(
    'event_log_replay',
    replayed.problem ?? replayed.value?.problem,
    `the event log gives PCR ${explained.join(', ')}${rest.length === 0 ? '' : `; it says nothing of PCR ${rest.join(', ')}`}`,
  );
  if (!holds) return;
  const { problem, proven, notRecomputable } = checkPayloads(parsePcrLog(log));
  const reason = `${proven} payloads are what was measured; ${notRecomputable} digests are of things outside the log`;
  sheet.check('event_payloads', problem, reason);
}

/** Judges authentic register values by the policy, and the event log (if any) by the values. */
export function appraiseTpmQuote(
  sheet: TpmQuoteSheet,
  pcrs: QuotedPcrs,
  bank: ReplayBank,
  eventLog: Uint8Array | undefined,
  policy: TpmPolicy,
): void {
  appraiseRegisters(sheet, pcrs, policy);
  appraiseEventLog(sheet, pcrs, bank, eventLog);
}
