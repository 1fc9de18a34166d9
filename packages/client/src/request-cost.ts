import { maxPromptTokensOf } from '@dcml/channel';
import { decodeUtf8, encodeUtf8, type JsonObject, type JsonValue, parseJson } from '@dcml/core';
import { ClientError } from './client-error.ts';

export type InferenceEndpoint = '/v1/chat/completions' | '/v1/completions' | '/v1/embeddings';

export const inferenceEndpoints: readonly InferenceEndpoint[] = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
];

/** A request as it will be sent, and the most that it can use. */
export interface CostedRequest {
  readonly endpoint: InferenceEndpoint;
  readonly body: Uint8Array;
  readonly stream: boolean;
  readonly maxPromptTokens: number;
  /** Over all choices. */
  readonly maxCompletionTokens: number;
}

const MAX_BODY_BYTES = 16 << 20;
/** What a chat template may add beyond the body's own bytes: a default system prompt, descriptions of tools. */
const TEMPLATE_TOKENS = 1024;
const MAX_TOKEN_FIELDS = ['max_completion_tokens', 'max_tokens'] as const;

function parseBody(body: Uint8Array): JsonObject {
  if (body.length > MAX_BODY_BYTES)
    throw new ClientError('CLIENT_REQUEST', `the body is over ${MAX_BODY_BYTES} bytes`);
  let value: JsonValue;
  try {
    value = parseJson(decodeUtf8(body), { maxLength: MAX_BODY_BYTES, maxDepth: 64 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unreadable';
    throw new ClientError('CLIENT_REQUEST', `the body is not JSON that an enclave takes: ${why}`, { cause });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new ClientError('CLIENT_REQUEST', 'the body is not a JSON object');
  }
  return value as JsonObject;
}

function positiveInteger(value: JsonValue | undefined): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

function countPrompts(prompt: JsonValue | undefined): number {
  if (!Array.isArray(prompt)) return 1;
  // A list of numbers is one prompt of tokens.
  return typeof prompt[0] === 'number' ? 1 : Math.max(prompt.length, 1);
}

/** Puts a member first without touching another byte: the receipt covers the bytes as they are sent. */
function withMember(body: Uint8Array, json: JsonObject, name: string, value: number): Uint8Array {
  const text = decodeUtf8(body).trimStart();
  const comma = Object.keys(json).length === 0 ? '' : ',';
  return encodeUtf8(`{"${name}":${value}${comma}${text.slice(1)}`);
}

/**
 * Bounds what a request can cost. A generating request without a limit gets `defaultMaxTokens`, since the enclave
 * would else take all that is authorized as the limit. Throws `CLIENT_REQUEST`.
 */
export function costRequest(
  endpoint: InferenceEndpoint,
  body: Uint8Array,
  defaultMaxTokens: number,
): CostedRequest {
  const json = parseBody(body);
  const stream = json['stream'] === true;
  if (endpoint === '/v1/embeddings') {
    const maxPromptTokens = maxPromptTokensOf(body.length) + TEMPLATE_TOKENS;
    return { endpoint, body, stream: false, maxPromptTokens, maxCompletionTokens: 0 };
  }
  const named = MAX_TOKEN_FIELDS.map((name) => positiveInteger(json[name])).filter((count) => count !== null);
  const missing = !MAX_TOKEN_FIELDS.some((name) => json[name] !== undefined && json[name] !== null);
  const replaced = missing && MAX_TOKEN_FIELDS.some((name) => json[name] === null);
  if (replaced) throw new ClientError('CLIENT_REQUEST', 'max_tokens is null: leave it out or name a number');
  const sent = missing ? withMember(body, json, 'max_tokens', defaultMaxTokens) : body;
  const choices = positiveInteger(json['n']) ?? 1;
  const prompts = endpoint === '/v1/completions' ? countPrompts(json['prompt']) : 1;
  const perChoice = missing ? defaultMaxTokens : Math.max(0, ...named);
  return {
    endpoint,
    body: sent,
    stream,
    maxPromptTokens: maxPromptTokensOf(sent.length) + TEMPLATE_TOKENS * prompts,
    maxCompletionTokens: perChoice * choices * prompts,
  };
}
