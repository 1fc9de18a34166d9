import type { JsonObject } from '@dcml/core';
import { fieldError } from '../engine-error.ts';
import { type ChatMessage, readMessages } from './chat-message.ts';
import { type GenerationOptions, readGenerationOptions } from './generation-options.ts';
import { RequestFields } from './request-fields.ts';
import { readToolSelection, type ToolSelection } from './tool-choice.ts';

export interface ChatRequest extends GenerationOptions {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** Alternatives per token beside the chosen one; null when no log probabilities are wanted. */
  readonly topLogprobs: number | null;
  /** Schema that the answer must satisfy; null for free text. */
  readonly answerSchema: JsonObject | null;
  readonly tools: ToolSelection;
}

const ANY_OBJECT: JsonObject = { type: 'object' };

/** Reads `POST /v1/chat/completions`. Throws `ENGINE_REQUEST` or `ENGINE_UNSUPPORTED`. */
export function readChatRequest(json: JsonObject): ChatRequest {
  const fields = new RequestFields(json);
  const request: ChatRequest = {
    model: fields.requiredString('model'),
    messages: readMessages(fields),
    ...readGenerationOptions(fields),
    topLogprobs: readTopLogprobs(fields),
    answerSchema: readAnswerSchema(fields),
    tools: readToolSelection(fields),
  };
  fields.only('modalities', ['text']);
  fields.done();
  return request;
}

function readTopLogprobs(fields: RequestFields): number | null {
  const wanted = fields.boolean('logprobs') ?? false;
  const top = fields.integer('top_logprobs', 0, 20);
  if (!wanted && top !== undefined) {
    throw fieldError('ENGINE_REQUEST', 'top_logprobs', 'is only allowed when logprobs is true');
  }
  return wanted ? (top ?? 0) : null;
}

function readAnswerSchema(fields: RequestFields): JsonObject | null {
  const format = fields.object('response_format');
  if (format === undefined) return null;
  const type = format.oneOf('type', ['text', 'json_object', 'json_schema']);
  if (type === undefined) throw fieldError('ENGINE_REQUEST', 'response_format.type', 'is missing');
  if (type !== 'json_schema') {
    format.done();
    return type === 'text' ? null : ANY_OBJECT;
  }
  const wrapper = format.object('json_schema');
  if (wrapper === undefined) throw fieldError('ENGINE_REQUEST', 'response_format.json_schema', 'is missing');
  format.done();
  wrapper.requiredString('name');
  wrapper.ignore('description', 'strict');
  const schema = wrapper.required('schema');
  wrapper.done();
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw fieldError('ENGINE_REQUEST', wrapper.param('schema'), 'expected a JSON schema');
  }
  return schema as JsonObject;
}
