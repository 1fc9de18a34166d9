import { encodeUtf8 } from '@dcml/core';
import { type StreamTimes, type Target, timeStream } from './target.ts';

export interface LoadOptions {
  readonly model: string;
  /** How many requests run at the same time. */
  readonly streams: number;
  /** How many each of them makes, one after the other. */
  readonly requestsPerStream: number;
  readonly maxTokens: number;
  readonly signal: AbortSignal;
}

/** What users of inference servers compare (DCML section 10). Times in milliseconds, medians. */
export interface LoadFigures {
  readonly streams: number;
  readonly requests: number;
  readonly completionTokens: number;
  readonly tokensPerSecond: number;
  readonly requestsPerSecond: number;
  /** Time to the first token. */
  readonly ttftMs: number;
  /** Time per output token after the first. */
  readonly tpotMs: number;
  /** Between two tokens of one stream. */
  readonly itlMs: number;
}

const TOPICS = ['the sea', 'a bridge', 'the moon', 'bread', 'a library', 'winter', 'a garden', 'trust'];

function requestBody(options: LoadOptions, index: number): Uint8Array {
  const topic = TOPICS[index % TOPICS.length]!;
  return encodeUtf8(
    JSON.stringify({
      model: options.model,
      messages: [{ role: 'user', content: `Request ${index}: write a short story about ${topic}.` }],
      temperature: 0,
      max_tokens: options.maxTokens,
      stream: true,
      stream_options: { include_usage: true },
    }),
  );
}

export function medianOf(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs the same prompts on a target, `streams` at a time. */
export async function runLoad(target: Target, options: LoadOptions): Promise<LoadFigures> {
  const { streams, requestsPerStream, signal } = options;
  const all: StreamTimes[] = [];
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: streams }, async (_, stream) => {
      for (let round = 0; round < requestsPerStream; round++) {
        all.push(await timeStream(target, requestBody(options, round * streams + stream), signal));
      }
    }),
  );
  const seconds = (performance.now() - startMs) / 1000;
  const completionTokens = all.reduce((sum, times) => sum + times.completionTokens, 0);
  const gaps = all.flatMap(({ tokensMs }) => tokensMs.slice(1).map((ms, i) => ms - tokensMs[i]!));
  const perToken = all
    .filter(({ tokensMs }) => tokensMs.length > 1)
    .map(({ tokensMs }) => (tokensMs.at(-1)! - tokensMs[0]!) / (tokensMs.length - 1));
  return {
    streams,
    requests: all.length,
    completionTokens,
    tokensPerSecond: completionTokens / seconds,
    requestsPerSecond: all.length / seconds,
    ttftMs: medianOf(all.flatMap(({ sentMs, tokensMs }) => tokensMs.slice(0, 1).map((ms) => ms - sentMs))),
    tpotMs: medianOf(perToken),
    itlMs: medianOf(gaps),
  };
}
