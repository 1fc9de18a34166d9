import { fieldError } from '../engine-error.ts';
import type { RequestFields } from './request-fields.ts';

/** How the next token is drawn. */
export interface SamplingOptions {
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  readonly topP: number;
  /** Null leaves the choice to the engine. */
  readonly seed: number | null;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
  /** Token id to what is added to its logit. */
  readonly logitBias: ReadonlyMap<number, number>;
}

/** What chat and text completions have in common. */
export interface GenerationOptions {
  readonly stream: boolean;
  /** A stream ends with one more chunk that carries the usage. */
  readonly includeUsage: boolean;
  /** Answers per prompt. */
  readonly choices: number;
  /** Completion tokens per answer; null leaves the limit to the engine. */
  readonly maxTokens: number | null;
  readonly stops: readonly string[];
  readonly sampling: SamplingOptions;
}

const MAX_STOPS = 4;
const MAX_STOP_LENGTH = 256;
const MAX_CHOICES = 128;

/** Throws `ENGINE_REQUEST`. */
export function readGenerationOptions(fields: RequestFields): GenerationOptions {
  const stream = fields.boolean('stream') ?? false;
  fields.ignore('user', 'metadata', 'safety_identifier', 'prompt_cache_key');
  fields.only('store', false);
  fields.only('service_tier', 'auto', 'default');
  return {
    stream,
    includeUsage: readStreamOptions(fields, stream),
    choices: fields.integer('n', 1, MAX_CHOICES) ?? 1,
    maxTokens: readMaxTokens(fields),
    stops: readStops(fields),
    sampling: {
      temperature: fields.number('temperature', 0, 2) ?? 1,
      topP: fields.number('top_p', 0, 1) ?? 1,
      seed: fields.integer('seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) ?? null,
      frequencyPenalty: fields.number('frequency_penalty', -2, 2) ?? 0,
      presencePenalty: fields.number('presence_penalty', -2, 2) ?? 0,
      logitBias: readLogitBias(fields),
    },
  };
}

function readStreamOptions(fields: RequestFields, stream: boolean): boolean {
  const options = fields.object('stream_options');
  if (options === undefined) return false;
  if (!stream) throw fieldError('ENGINE_REQUEST', 'stream_options', 'is only allowed when stream is true');
  const includeUsage = options.boolean('include_usage') ?? false;
  options.only('include_obfuscation', false);
  options.done();
  return includeUsage;
}

function readMaxTokens(fields: RequestFields): number | null {
  const current = fields.integer('max_completion_tokens', 1, Number.MAX_SAFE_INTEGER);
  const legacy = fields.integer('max_tokens', 1, Number.MAX_SAFE_INTEGER);
  if (current !== undefined && legacy !== undefined && current !== legacy) {
    throw fieldError('ENGINE_REQUEST', 'max_tokens', 'contradicts max_completion_tokens');
  }
  return current ?? legacy ?? null;
}

function readStops(fields: RequestFields): readonly string[] {
  const value = fields.raw('stop');
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > MAX_STOPS) throw fieldError('ENGINE_REQUEST', 'stop', `has more than ${MAX_STOPS} items`);
  return list.map((item) => {
    if (typeof item !== 'string' || item.length === 0 || item.length > MAX_STOP_LENGTH) {
      throw fieldError('ENGINE_REQUEST', 'stop', `expected strings of 1 to ${MAX_STOP_LENGTH} characters`);
    }
    return item;
  });
}

function readLogitBias(fields: RequestFields): ReadonlyMap<number, number> {
  const biases = new Map<number, number>();
  const value = fields.raw('logit_bias');
  if (value === undefined) return biases;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fieldError('ENGINE_REQUEST', 'logit_bias', 'expected an object');
  }
  const entries = Object.entries(value);
  if (entries.length > 1024) throw fieldError('ENGINE_REQUEST', 'logit_bias', 'has more than 1024 members');
  for (const [token, bias] of entries) {
    if (!/^(?:0|[1-9][0-9]{0,8})$/.test(token) || typeof bias !== 'number' || Math.abs(bias) > 100) {
      throw fieldError('ENGINE_REQUEST', 'logit_bias', 'expected token ids with a bias from -100 to 100');
    }
    biases.set(Number(token), bias);
  }
  return biases;
}
