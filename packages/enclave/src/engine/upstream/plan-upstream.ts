import type { JsonObject } from '@dcml/core';
import type { EngineEndpoint, EngineEstimate } from '../engine.ts';
import { fieldError } from '../engine-error.ts';
import { type ChatRequest, readChatRequest } from '../request/chat-request.ts';
import { readCompletionRequest, type TextInput } from '../request/completion-request.ts';
import { readEmbeddingRequest } from '../request/embedding-request.ts';
import type { GenerationOptions } from '../request/generation-options.ts';

/** What a request costs at most, as far as can be told without the upstream engine's tokenizer. */
export interface UpstreamPlan {
  /** Null for embeddings. */
  readonly options: GenerationOptions | null;
  /** Answers over all prompts. */
  readonly choices: number;
  readonly minPromptTokens: number;
  readonly maxPromptTokens: number;
  /** Tokens per answer that surely fit; used where the request names no limit. */
  readonly room: number;
}

/** Tokens that a chat template adds at most on its own: a default system prompt, a date, the preamble of tools. */
const TEMPLATE_TOKENS = 512;

/** Checks a request. Throws `ENGINE_REQUEST` or `ENGINE_UNSUPPORTED`. */
export function planUpstream(
  endpoint: EngineEndpoint,
  json: JsonObject,
  bodyBytes: number,
  contextTokens: number,
): UpstreamPlan {
  switch (endpoint) {
    case '/v1/chat/completions': {
      const request = readChatRequest(json);
      // A token covers at least one byte of text, and all text stands in the body. Templates may print
      // the definitions of tools with indentation, which the body need not have.
      const text = request.tools.tools.length === 0 ? bodyBytes : 2 * bodyBytes;
      const words = request.messages.reduce((sum, message) => sum + countWords(message.content), 0);
      return bound(request, 1, words, text + TEMPLATE_TOKENS, contextTokens);
    }
    case '/v1/completions': {
      const request = readCompletionRequest(json);
      const { prompts } = request;
      return bound(request, prompts.length, countInputs(prompts), bodyBytes + prompts.length, contextTokens);
    }
    case '/v1/embeddings': {
      const { inputs } = readEmbeddingRequest(json);
      return bound(null, inputs.length, countInputs(inputs), bodyBytes + 2 * inputs.length, contextTokens);
    }
  }
}

function bound(
  options: GenerationOptions | ChatRequest | null,
  prompts: number,
  minPromptTokens: number,
  maxPromptTokens: number,
  contextTokens: number,
): UpstreamPlan {
  return {
    options,
    choices: prompts * (options?.choices ?? 1),
    minPromptTokens: Math.min(minPromptTokens, prompts * contextTokens),
    // A longer prompt is refused by the upstream engine.
    maxPromptTokens: Math.min(maxPromptTokens, prompts * contextTokens),
    room: contextTokens - maxPromptTokens,
  };
}

/** Throws `ENGINE_CONTEXT` when the request names no limit and none can be named for it. */
export function estimateUpstream(plan: UpstreamPlan, contextTokens: number): EngineEstimate {
  const { options, choices, maxPromptTokens: promptTokens, room } = plan;
  if (options === null) return { promptTokens, requestedCompletionTokens: 0, availableCompletionTokens: 0 };
  if (options.maxTokens !== null) {
    return {
      promptTokens,
      requestedCompletionTokens: options.maxTokens * choices,
      availableCompletionTokens: (contextTokens - 1) * choices,
    };
  }
  if (room < 1) {
    throw fieldError(
      'ENGINE_CONTEXT',
      'max_tokens',
      'must be given with a prompt that may fill the context, since this engine cannot count its tokens',
    );
  }
  return { promptTokens, requestedCompletionTokens: null, availableCompletionTokens: room * choices };
}

function countInputs(inputs: readonly TextInput[]): number {
  return inputs.reduce(
    (sum, input) => sum + (typeof input === 'string' ? countWords(input) : input.length),
    0,
  );
}

/** Words between white space: no tokenizer in use joins several words in one token. */
function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}
