import type { JsonObject } from '@dcml/core';

export type EngineEndpoint = '/v1/chat/completions' | '/v1/completions' | '/v1/embeddings';

/** Tokens of one answer so far. */
export interface EngineUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface EngineRequest {
  readonly endpoint: EngineEndpoint;
  /** The exact request bytes as the client sent them. */
  readonly body: Uint8Array;
  /** The same bytes parsed by the strict reader; the only parse that counts. */
  readonly json: JsonObject;
  /** Upper bound of completion tokens over all choices; the engine never produces more. */
  readonly maxCompletionTokens: number;
  /** `id` of the answer, for example `chatcmpl-…`. */
  readonly responseId: string;
  /** `created` of the answer, Unix seconds. */
  readonly createdSeconds: number;
  /** Keeps the caches of tenants apart; the channel id. */
  readonly tenant: string;
  /** Aborting stops generation at once. */
  readonly signal: AbortSignal;
}

/** Bytes to send, and what the answer has used once they are delivered. */
export interface EngineChunk {
  readonly bytes: Uint8Array;
  readonly usage: EngineUsage;
}

export interface EngineResponse {
  readonly status: number;
  readonly contentType: 'application/json' | 'text/event-stream';
  /** The exact bytes that inference ran on: differs from the request's only when the engine had to add to it. */
  readonly forwardedBody: Uint8Array;
  /**
   * The answer in order. A stream ends with `data: [DONE]`; a buffered answer is one chunk.
   * Throws `EngineError`; an abort ends the iteration with the signal's reason.
   */
  readonly chunks: AsyncIterable<EngineChunk>;
}

/** The most that a request can use. */
export interface EngineEstimate {
  /** Exact where the engine tokenizes, else an upper bound. */
  readonly promptTokens: number;
  /** What the request asks for over all choices; null when it leaves the limit to us. */
  readonly requestedCompletionTokens: number | null;
  /** The most that the context leaves room for, over all choices. */
  readonly availableCompletionTokens: number;
}

export interface EngineDescription {
  /** For example `llama.cpp`. */
  readonly name: string;
  /** For example `node-llama-cpp 3.22.1`. */
  readonly build: string;
  /** The id under which `/v1/models` lists the model. */
  readonly modelName: string;
  readonly contextTokens: number;
  /** Endpoints that work with this model. */
  readonly endpoints: readonly EngineEndpoint[];
}

/**
 * Runs a model inside the confidential VM. Every backend passes the conformance suite of
 * `packages/testing/src/engine/engine-conformance.ts`.
 */
export interface Engine {
  describe(): EngineDescription;
  /** Validates the request and bounds its cost. Throws `EngineError` (`ENGINE_REQUEST`) on what it cannot serve. */
  estimate(endpoint: EngineEndpoint, json: JsonObject, body: Uint8Array): Promise<EngineEstimate>;
  respond(request: EngineRequest): Promise<EngineResponse>;
  /** Stops all work and frees the model. Idempotent. */
  close(): Promise<void>;
}
