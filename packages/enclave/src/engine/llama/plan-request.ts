import type { JsonObject } from '@dcml/core';
import type { Token } from 'node-llama-cpp';
import type { EngineEndpoint } from '../engine.ts';
import { EngineError, fieldError } from '../engine-error.ts';
import { readChatRequest } from '../request/chat-request.ts';
import { readCompletionRequest, type TextInput } from '../request/completion-request.ts';
import { readEmbeddingRequest } from '../request/embedding-request.ts';
import type { GenerationOptions } from '../request/generation-options.ts';
import type { ToolSelection } from '../request/tool-choice.ts';
import type { LlamaModelParts } from './load-model.ts';
import { schemaGrammar } from './schema-grammar.ts';
import { type ToolFormat, toolCallSchema } from './tool-format.ts';

/** A generation request, checked and tokenized. */
export interface GenerationPlan {
  readonly kind: 'chat' | 'text';
  readonly options: GenerationOptions;
  /** One per prompt; each is answered `options.choices` times. */
  readonly prompts: readonly (readonly Token[])[];
  readonly topLogprobs: number | null;
  /** GBNF that the answer must satisfy. */
  readonly grammar: string | null;
  readonly tools: (ToolSelection & { readonly format: ToolFormat }) | null;
}

export interface EmbeddingPlan {
  readonly kind: 'embedding';
  readonly inputs: readonly (readonly Token[])[];
  readonly encoding: 'float' | 'base64';
}

export type RequestPlan = GenerationPlan | EmbeddingPlan;

// No tokenizer in use packs more characters into a token on average; longer text is not even tokenized.
const MAX_CHARACTERS_PER_TOKEN = 64;

/** Checks a request and tokenizes it. Throws `ENGINE_REQUEST`, `ENGINE_UNSUPPORTED` or `ENGINE_CONTEXT`. */
export function planRequest(parts: LlamaModelParts, endpoint: EngineEndpoint, json: JsonObject): RequestPlan {
  switch (endpoint) {
    case '/v1/chat/completions':
      return planChat(parts, json);
    case '/v1/completions':
      return planText(parts, json);
    case '/v1/embeddings':
      return planEmbedding(parts, json);
  }
}

function planChat(parts: LlamaModelParts, json: JsonObject): GenerationPlan {
  const request = readChatRequest(json);
  assertBiases(parts, request);
  if (parts.template === null) {
    throw new EngineError('ENGINE_UNSUPPORTED', `model ${parts.modelName} has no chat template`);
  }
  let length = 0;
  for (const message of request.messages) length += message.content.length;
  assertLength(parts, length, 'messages');
  const tools = planTools(parts, request.tools);
  const isCall = tools?.mode === 'required';
  if (isCall && request.answerSchema !== null) {
    throw fieldError('ENGINE_UNSUPPORTED', 'response_format', 'cannot be combined with a required tool call');
  }
  if (
    request.tools.tools.length === 0 &&
    request.messages.some((message) => message.toolCalls !== undefined)
  ) {
    assertToolFormat(parts);
  }
  const rendered = parts.template.render(request.messages, tools?.tools ?? []);
  const tokens = parts.tokenizer.tokenizeRendered(isCall ? rendered + tools.format.prefix : rendered);
  const schema = isCall ? toolCallSchema(tools.format, tools.tools) : request.answerSchema;
  const schemaParam = isCall ? 'tools' : 'response_format';
  if (schema !== null && request.topLogprobs !== null) {
    throw fieldError('ENGINE_UNSUPPORTED', 'logprobs', `cannot be combined with ${schemaParam}`);
  }
  return {
    kind: 'chat',
    options: request,
    prompts: [assertFits(parts, tokens, 'messages')],
    topLogprobs: request.topLogprobs,
    grammar: schema === null ? null : schemaGrammar(schema, schemaParam),
    tools,
  };
}

function planTools(parts: LlamaModelParts, tools: ToolSelection): GenerationPlan['tools'] {
  return tools.mode === 'none' ? null : { ...tools, format: assertToolFormat(parts) };
}

function assertToolFormat(parts: LlamaModelParts): ToolFormat {
  if (parts.toolFormat !== null) return parts.toolFormat;
  throw fieldError(
    'ENGINE_UNSUPPORTED',
    'tools',
    `model ${parts.modelName} has no tools in its chat template`,
  );
}

function planText(parts: LlamaModelParts, json: JsonObject): GenerationPlan {
  const request = readCompletionRequest(json);
  assertBiases(parts, request);
  return {
    kind: 'text',
    options: request,
    prompts: request.prompts.map((prompt) =>
      assertFits(parts, tokenizeInput(parts, prompt, 'prompt'), 'prompt'),
    ),
    topLogprobs: request.topLogprobs,
    grammar: null,
    tools: null,
  };
}

function planEmbedding(parts: LlamaModelParts, json: JsonObject): EmbeddingPlan {
  const request = readEmbeddingRequest(json);
  return {
    kind: 'embedding',
    inputs: request.inputs.map((input) => assertFits(parts, tokenizeInput(parts, input, 'input'), 'input')),
    encoding: request.encoding,
  };
}

function assertBiases(parts: LlamaModelParts, { sampling }: GenerationOptions): void {
  for (const id of sampling.logitBias.keys()) {
    if (id >= parts.vocabulary.size)
      throw fieldError('ENGINE_REQUEST', 'logit_bias', `no token has the id ${id}`);
    // node-llama-cpp leaves out biases of these tokens without a word.
    if (parts.vocabulary.isEnd(id as Token)) {
      throw fieldError(
        'ENGINE_UNSUPPORTED',
        'logit_bias',
        `token ${id} ends the answer and cannot be biased`,
      );
    }
  }
}

function tokenizeInput(parts: LlamaModelParts, input: TextInput, param: string): readonly Token[] {
  if (typeof input === 'string') {
    assertLength(parts, input.length, param);
    return parts.tokenizer.tokenizeText(input);
  }
  if (input.some((token) => token >= parts.vocabulary.size)) {
    throw fieldError('ENGINE_REQUEST', param, `token ids end at ${parts.vocabulary.size - 1}`);
  }
  return input as readonly Token[];
}

function assertLength(parts: LlamaModelParts, characters: number, param: string): void {
  const limit = parts.contextTokens * MAX_CHARACTERS_PER_TOKEN;
  if (characters > limit) throw fieldError('ENGINE_CONTEXT', param, `has more than ${limit} characters`);
}

function assertFits(parts: LlamaModelParts, tokens: readonly Token[], param: string): readonly Token[] {
  if (tokens.length === 0) throw fieldError('ENGINE_REQUEST', param, 'is empty');
  // One place is left for the first token of the answer.
  if (tokens.length >= parts.contextTokens) {
    throw new EngineError(
      'ENGINE_CONTEXT',
      `${param}: ${tokens.length} tokens, at most ${parts.contextTokens - 1} fit`,
      { details: { param, tokens: tokens.length, contextTokens: parts.contextTokens } },
    );
  }
  return tokens;
}
