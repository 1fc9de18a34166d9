import { EngineError } from '../engine-error.ts';

/** Whole server-sent events: their exact bytes and what their data lines say. */
export interface SseEvent {
  readonly bytes: Buffer;
  /** The data lines joined, null for comments. */
  readonly data: string | null;
}

/** Splits a byte stream into server-sent events, wherever TCP cut it (HTML standard, section 9.2.6). */
export class SseSplitter {
  readonly #maxEventBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** The events that `part` completes. Throws `ENGINE_FAILED` for an event that is too large. */
  push(part: Buffer): SseEvent[] {
    const all = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part]);
    const events: SseEvent[] = [];
    let start = 0;
    for (let end = eventEnd(all, start); end !== -1; end = eventEnd(all, start)) {
      const bytes = all.subarray(start, end);
      events.push({ bytes, data: dataOf(bytes) });
      start = end;
    }
    this.#rest = all.subarray(start);
    if (this.#rest.length > this.#maxEventBytes) {
      throw new EngineError('ENGINE_FAILED', `an upstream event has more than ${this.#maxEventBytes} bytes`);
    }
    return events;
  }

  /** Bytes of an event that is not complete. */
  get pending(): number {
    return this.#rest.length;
  }
}

const LF = 10;
const CR = 13;

/** Offset after the blank line that ends the event at `start`, -1 when it has not arrived. */
function eventEnd(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(LF, start); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}

function dataOf(event: Buffer): string | null {
  const text = event.toString('utf8');
  if (text.startsWith('data: ') && text.indexOf('\n') === text.length - 2) return text.slice(6, -2);
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith('data:'));
  return lines.length === 0 ? null : lines.map((line) => line.slice(line[5] === ' ' ? 6 : 5)).join('\n');
}
