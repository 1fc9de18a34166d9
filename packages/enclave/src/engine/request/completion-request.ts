import type { JsonObject, JsonValue } from '@dcml/core';
import { fieldError } from '../engine-error.ts';
import { type GenerationOptions, readGenerationOptions } from './generation-options.ts';
import { RequestFields } from './request-fields.ts';

/** A prompt as text or as token ids. */
export type TextInput = string | readonly number[];

export interface CompletionRequest extends GenerationOptions {
  readonly model: string;
  readonly prompts: readonly TextInput[];
  /** Alternatives per token; null when no log probabilities are wanted. */
  readonly topLogprobs: number | null;
}

const MAX_PROMPTS = 128;
/** OpenAI's default of this endpoint. */
const DEFAULT_MAX_TOKENS = 16;
const MAX_TOKEN_ID = 2 ** 31 - 1;

/** Reads `POST /v1/completions`. Throws `ENGINE_REQUEST` or `ENGINE_UNSUPPORTED`. */
export function readCompletionRequest(json: JsonObject): CompletionRequest {
  const fields = new RequestFields(json);
  const options = readGenerationOptions(fields);
  const request: CompletionRequest = {
    model: fields.requiredString('model'),
    prompts: readTextInputs(fields.required('prompt'), 'prompt', MAX_PROMPTS),
    ...options,
    maxTokens: options.maxTokens ?? DEFAULT_MAX_TOKENS,
    topLogprobs: fields.integer('logprobs', 0, 5) ?? null,
  };
  fields.only('echo', false);
  fields.only('best_of', request.choices);
  fields.only('suffix', '');
  fields.done();
  return request;
}

/** A string, a list of token ids, or a list of either. Throws `ENGINE_REQUEST`. */
export function readTextInputs(value: JsonValue, param: string, maxInputs: number): readonly TextInput[] {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || value.length === 0) {
    throw fieldError('ENGINE_REQUEST', param, 'expected text, token ids or a list of them');
  }
  const list = value as readonly JsonValue[];
  if (typeof list[0] === 'number') return [readTokenIds(list, param)];
  if (list.length > maxInputs) throw fieldError('ENGINE_REQUEST', param, `has more than ${maxInputs} items`);
  return list.map((item, index) =>
    typeof item === 'string' ? item : readTokenIds(item, `${param}[${index}]`),
  );
}

function readTokenIds(value: JsonValue, param: string): readonly number[] {
  const isTokens =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (item) => Number.isSafeInteger(item) && (item as number) >= 0 && (item as number) <= MAX_TOKEN_ID,
    );
  if (!isTokens) throw fieldError('ENGINE_REQUEST', param, 'expected text or token ids');
  return value as readonly number[];
}
