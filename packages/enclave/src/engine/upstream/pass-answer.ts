import type { IncomingMessage } from 'node:http';
import type { EngineChunk } from '../engine.ts';
import { EngineError } from '../engine-error.ts';
import { SseSplitter } from './sse-splitter.ts';
import { readUpstreamBody, readUpstreamParts } from './upstream-connection.ts';
import type { UsageMeter } from './usage-meter.ts';

const MAX_EVENT_BYTES = 1 << 20;
const MAX_BODY_BYTES = 16 << 20;

/**
 * Passes a stream on, event by event as it is. The one event that only answers our own wish for usage is
 * taken out (`dropUsage`), since clients that did not ask for it do not expect a chunk without choices.
 * Throws `ENGINE_FAILED` for a stream that is malformed, overruns, or ends without `[DONE]`.
 */
export async function* passStream(
  response: IncomingMessage,
  meter: UsageMeter,
  dropUsage: boolean,
  signal: AbortSignal,
): AsyncGenerator<EngineChunk, void, void> {
  const splitter = new SseSplitter(MAX_EVENT_BYTES);
  for await (const part of readUpstreamParts(response, signal)) {
    const passed: Buffer[] = [];
    let done = false;
    for (const { bytes, data } of splitter.push(part)) {
      done = data === '[DONE]';
      const object = data === null || done ? null : parseObject(data);
      if (object !== null) meter.read(object);
      if (!(dropUsage && object !== null && isUsageOnly(object))) passed.push(bytes);
      if (done) break;
    }
    if (passed.length > 0) {
      yield { bytes: passed.length === 1 ? passed[0]! : Buffer.concat(passed), usage: meter.usage };
    }
    if (done) return;
  }
  throw new EngineError('ENGINE_FAILED', 'the upstream stream ended without [DONE]');
}

/** Passes a buffered answer on. Throws `ENGINE_FAILED` when it is not JSON, overruns or breaks off. */
export async function* passWhole(
  response: IncomingMessage,
  meter: UsageMeter,
  signal: AbortSignal,
): AsyncGenerator<EngineChunk, void, void> {
  const bytes = await readUpstreamBody(response, MAX_BODY_BYTES, signal);
  meter.read(parseObject(bytes.toString('utf8')));
  yield { bytes, usage: meter.usage };
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new EngineError('ENGINE_FAILED', 'the upstream engine sent malformed JSON', { cause });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new EngineError('ENGINE_FAILED', 'the upstream engine sent something other than an object');
  }
  if ('error' in value && value.error !== null) {
    throw new EngineError('ENGINE_FAILED', 'the upstream engine reported an error within its answer');
  }
  return value as Record<string, unknown>;
}

function isUsageOnly(object: Record<string, unknown>): boolean {
  const { choices, usage } = object;
  return Array.isArray(choices) && choices.length === 0 && usage !== undefined && usage !== null;
}
