import { encodeUtf8, equalBytes, fromHex, sha256, toHex } from '@dcml/core';
import { attempt, type ClaimPlan, type ClaimSheet } from '../claim-sheet.ts';
import { composeConfigId } from '../tdx/compose-config-id.ts';
import { tdFieldRange } from '../tdx/parse-quote.ts';
import type { TdBody, TdxQuote } from '../tdx/quote.ts';
import { type BootEvents, readBootEvents } from './boot-events.ts';
import type { DstackTdxEvidence, RuntimeEvent } from './evidence.ts';
import { replayRegister, runtimeEventDigest } from './replay.ts';

export type DstackClaimName =
  | 'event_digests'
  | 'rtmr_replay'
  | 'boot_events'
  | 'compose_hash'
  | 'mr_config_id';

export const dstackClaimPlan: ClaimPlan<DstackClaimName> = [
  ['event_digests', 'hardware_proven'],
  ['rtmr_replay', 'hardware_proven'],
  ['boot_events', 'hardware_proven'],
  ['compose_hash', 'hardware_proven'],
  ['mr_config_id', 'hardware_proven'],
];

/**
 * Digests of all events: those of RTMR3 computed from name and payload, since a digest in the log says nothing of the
 * payload beside it; those of RTMR0-2 (firmware, without payloads) as given. Throws on the first that cannot be.
 */
function eventDigest(event: RuntimeEvent): Uint8Array {
  return event.imr === 3 ? runtimeEventDigest(event) : fromHex(event.digest, 'event digest', 48);
}

function digestsProblem(events: readonly RuntimeEvent[], digests: readonly Uint8Array[]): string | undefined {
  // Newer guests leave the digests of RTMR3 out of the log.
  const index = events.findIndex((event, i) => event.digest !== '' && event.digest !== toHex(digests[i]!));
  return index < 0
    ? undefined
    : `digest of event ${index} (${JSON.stringify(events[index]?.event)}) is not that of its payload`;
}

function replayProblem(
  events: readonly RuntimeEvent[],
  digests: readonly Uint8Array[],
  body: TdBody,
): string | undefined {
  const differing = body.rtmrs.flatMap((rtmr, imr) => {
    const replayed = replayRegister(digests.filter((_, i) => events[i]?.imr === imr));
    return equalBytes(replayed, rtmr)
      ? []
      : [`RTMR${imr} replays to ${toHex(replayed)}, the quote has ${toHex(rtmr)}`];
  });
  return differing.length === 0 ? undefined : differing.join('; ');
}

function composeProblem(boot: BootEvents, composeHash: string): string | undefined {
  const event = boot.get('compose-hash');
  if (event === undefined) return 'the boot has no compose-hash event';
  return event.eventPayload === composeHash
    ? undefined
    : `the guest measured compose ${event.eventPayload}, the given one has ${composeHash}`;
}

/** MRCONFIGID of newer guests: 0x01, the compose hash, 15 zero bytes; all zero on older ones. */
function configIdProblem(mrConfigId: Uint8Array, composeHash: string): string | undefined {
  const text = toHex(mrConfigId);
  if (mrConfigId.every((byte) => byte === 0) || text === composeConfigId(composeHash)) return undefined;
  return `MRCONFIGID is ${text}, neither zero nor 01 and the compose hash`;
}

/** What a dstack guest measured of itself. Lowercase hex. */
export interface DstackGuest {
  readonly composeHash: string;
  /** Of the `os-image-hash` event, which older guests do not have. */
  readonly imageDigest: string | undefined;
}

/**
 * Judges what a dstack guest says about itself against the registers of an authentic quote. Returns what
 * it measured if all of it holds.
 */
export function appraiseDstack(
  sheet: Pick<ClaimSheet<DstackClaimName>, 'check'>,
  evidence: DstackTdxEvidence,
  quote: TdxQuote,
): DstackGuest | undefined {
  const { body } = quote;
  const { eventLog } = evidence;
  const strange = eventLog.find(({ imr }) => !(imr >= 0 && imr <= 3 && Number.isInteger(imr)));
  const digests = attempt(() => eventLog.map(eventDigest));
  const digestProblem =
    strange !== undefined
      ? `an event names register ${strange.imr}`
      : digests.value === undefined
        ? digests.problem
        : digestsProblem(eventLog, digests.value);
  const digestsHold = sheet.check(
    'event_digests',
    digestProblem,
    `${eventLog.length} events have the digest of their payload`,
  );
  if (!digestsHold || digests.value === undefined) return undefined;

  const replay = replayProblem(eventLog, digests.value, body);
  const registers = ([0, 1, 2, 3] as const).map((imr) => tdFieldRange(quote, `rtmr${imr}`));
  if (!sheet.check('rtmr_replay', replay, 'the events replay to RTMR0-3 of the quote', registers)) {
    return undefined;
  }

  const { boot, problem } = readBootEvents(eventLog.filter((event) => event.imr === 3));
  if (!sheet.check('boot_events', problem, 'boot events are complete and unique') || boot === undefined)
    return undefined;

  const composeHash = toHex(sha256(encodeUtf8(evidence.appCompose)));
  const composeHolds = sheet.check(
    'compose_hash',
    composeProblem(boot, composeHash),
    `the guest measured the given compose, ${composeHash}`,
  );
  if (!composeHolds) return undefined;
  const configId = configIdProblem(body.mrConfigId, composeHash);
  return sheet.check('mr_config_id', configId, 'MRCONFIGID agrees with the compose', [
    tdFieldRange(quote, 'mrConfigId'),
  ])
    ? { composeHash, imageDigest: boot.get('os-image-hash')?.eventPayload }
    : undefined;
}
