import { CoreError, Fields, type JsonValue, parseJson } from '@dcml/core';
import type { RuntimeEvent } from './evidence.ts';

const MAX_EVENTS = 4096;
const MAX_TEXT = 1 << 20;
const MAX_PAYLOAD_HEX = 1 << 17;

function readEvent(value: JsonValue, path: string): RuntimeEvent {
  const fields = new Fields(value, path);
  const event: RuntimeEvent = {
    imr: fields.integer('imr', 0, 3),
    eventType: fields.integer('event_type', 0, 0xffff_ffff),
    digest: fields.string('digest', 96),
    event: fields.string('event', 256),
    eventPayload: fields.string('event_payload', MAX_PAYLOAD_HEX),
  };
  fields.done();
  if (!/^(?:[0-9a-f]{96})?$/.test(event.digest)) {
    throw new CoreError('CORE_FIELD', `${path}.digest: expected 96 lowercase hex digits or nothing`);
  }
  if (!/^(?:[0-9a-f]{2})*$/.test(event.eventPayload)) {
    throw new CoreError('CORE_FIELD', `${path}.event_payload: expected lowercase hex`);
  }
  return event;
}

/** Parses the `event_log` text of a dstack guest agent: a JSON array of events. Throws `CORE_*`. */
export function parseRuntimeEvents(text: string): RuntimeEvent[] {
  const log = parseJson(text, { maxLength: MAX_TEXT, maxDepth: 4 });
  const { length } = new Fields({ log }, 'event log').array('log', MAX_EVENTS);
  return Array.from({ length }, (_, i) => readEvent((log as readonly JsonValue[])[i]!, `event_log[${i}]`));
}

/** The text that `parseRuntimeEvents` reads. */
export function encodeRuntimeEvents(events: readonly RuntimeEvent[]): string {
  return JSON.stringify(
    events.map(({ imr, eventType, digest, event, eventPayload }) => ({
      imr,
      event_type: eventType,
      digest,
      event,
      event_payload: eventPayload,
    })),
  );
}
