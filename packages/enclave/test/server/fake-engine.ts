import { encodeUtf8 } from '@dcml/core';
import type { Engine, EngineChunk, EngineRequest } from '../../src/engine/engine.ts';
import { EngineError } from '../../src/engine/engine-error.ts';

/** An engine whose answers a test scripts: `tokens` words, each after `gate` lets it through. */
export interface FakeEngine extends Engine {
  tokens: number;
  /** Called before each token; may wait or throw. */
  gate: (index: number, signal: AbortSignal) => Promise<void>;
  /** Every request that reached the engine. */
  readonly requests: EngineRequest[];
}

const PROMPT_TOKENS = 10;

export function createFakeEngine(): FakeEngine {
  async function* stream(request: EngineRequest): AsyncGenerator<EngineChunk> {
    const count = Math.min(engine.tokens, request.maxCompletionTokens);
    for (let i = 0; i < count; i++) {
      await engine.gate(i, request.signal);
      request.signal.throwIfAborted();
      const data = JSON.stringify({
        id: request.responseId,
        choices: [{ index: 0, delta: { content: `w${i} ` } }],
      });
      yield {
        bytes: encodeUtf8(`data: ${data}\n\n`),
        usage: { promptTokens: PROMPT_TOKENS, completionTokens: i + 1 },
      };
    }
    yield {
      bytes: encodeUtf8('data: [DONE]\n\n'),
      usage: { promptTokens: PROMPT_TOKENS, completionTokens: count },
    };
  }

  async function* whole(request: EngineRequest): AsyncGenerator<EngineChunk> {
    const count = Math.min(engine.tokens, request.maxCompletionTokens);
    for (let i = 0; i < count; i++) await engine.gate(i, request.signal);
    request.signal.throwIfAborted();
    const content = Array.from({ length: count }, (_, i) => `w${i} `).join('');
    yield {
      bytes: encodeUtf8(
        JSON.stringify({ id: request.responseId, choices: [{ index: 0, message: { content } }] }),
      ),
      usage: { promptTokens: PROMPT_TOKENS, completionTokens: count },
    };
  }

  const engine: FakeEngine = {
    tokens: 5,
    gate: async () => {},
    requests: [],
    describe: () => ({
      name: 'fake',
      build: 'fake 1',
      modelName: 'fake-model',
      contextTokens: 1000,
      endpoints: ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'],
    }),
    estimate: async (_endpoint, json) => {
      if (json['messages'] === undefined) throw new EngineError('ENGINE_REQUEST', 'messages is missing');
      const limit = json['max_tokens'];
      return {
        promptTokens: PROMPT_TOKENS,
        requestedCompletionTokens: typeof limit === 'number' ? limit : null,
        availableCompletionTokens: 990,
      };
    },
    respond: async (request) => {
      engine.requests.push(request);
      const streaming = request.json['stream'] === true;
      return {
        status: 200,
        contentType: streaming ? 'text/event-stream' : 'application/json',
        forwardedBody: request.body,
        chunks: streaming ? stream(request) : whole(request),
      };
    },
    close: async () => {},
  };
  return engine;
}
