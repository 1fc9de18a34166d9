import { parseRuntimeEvents, type RuntimeEvent } from '@dcml/attest';
import type { JsonObject, JsonValue } from '@dcml/core';
import { readIntelQuote } from '../binary/intel-quote.ts';
import { readBinary } from '../binary/read-binary.ts';
import { brokenFile } from '../evidence-files-error.ts';
import { type FileContents, oneSubject, type Part } from '../part.ts';
import { bytesMember, objectWith } from './members.ts';

const WHAT = 'dstack quote';

/** The guest agent's event log: JSON text, or the array itself. Throws `CORE_*`. */
export function eventsOf(value: JsonValue): RuntimeEvent[] {
  return parseRuntimeEvents(typeof value === 'string' ? value : JSON.stringify(value));
}

/** The application compose in what a guest agent says about itself. */
export function composeOf(value: JsonValue | undefined): Part[] {
  const info = typeof value === 'string' ? parseObject(value) : objectWith(value);
  const compose = info?.['app_compose'];
  return typeof compose === 'string' ? [{ type: 'app-compose', text: compose }] : [];
}

function parseObject(text: string): JsonObject | undefined {
  try {
    return objectWith(JSON.parse(text) as JsonValue);
  } catch {
    return undefined;
  }
}

/** An Intel quote in a member. Throws `EVIDENCE_FILE_BROKEN`. */
export function quoteMember(object: JsonObject, name: string, what: string): Part {
  const quote = readIntelQuote(bytesMember(object, name, what));
  if (quote === undefined) throw brokenFile(what, `${name} is no Intel quote`);
  return quote;
}

/** Answers of a dstack guest agent: `GetQuote`, `Attest`, or `Info` with the application compose. */
export function readDstack(value: JsonValue): FileContents | undefined {
  const answer = objectWith(value, 'quote', 'event_log');
  if (answer !== undefined) {
    const parts = [quoteMember(answer, 'quote', WHAT), ...composeOf(answer)];
    return oneSubject('dstack quote with event log', ...parts, {
      type: 'runtime-events',
      events: eventsOf(answer['event_log'] ?? []),
    });
  }
  const attestation = objectWith(value, 'attestation');
  if (attestation !== undefined && typeof attestation['attestation'] === 'string') {
    const inner = readBinary(bytesMember(attestation, 'attestation', 'dstack attestation'));
    if (inner === undefined) throw brokenFile('dstack attestation', 'holds no evidence that is known');
    return { ...inner, description: `dstack attestation (JSON): ${inner.description}` };
  }
  const info = objectWith(value, 'tcb_info');
  const compose = composeOf(info?.['tcb_info']);
  return compose.length > 0 ? oneSubject('dstack guest information', ...compose) : undefined;
}
