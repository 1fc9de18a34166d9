import { encodeUtf8, type JsonObject, parseJson } from '@dcml/core';
import type {
  Engine,
  EngineChunk,
  EngineEndpoint,
  EngineEstimate,
  EngineResponse,
  EngineUsage,
} from '@dcml/enclave';

export interface AskOptions {
  readonly maxCompletionTokens?: number;
  readonly tenant?: string;
  readonly signal?: AbortSignal;
}

/** A whole answer and how it came. */
export interface EngineAnswer {
  readonly estimate: EngineEstimate;
  readonly response: EngineResponse;
  readonly request: Uint8Array;
  readonly chunks: readonly EngineChunk[];
  readonly text: string;
  /** Of the last chunk. */
  readonly usage: EngineUsage;
}

export interface StartedAnswer {
  readonly estimate: EngineEstimate;
  readonly response: EngineResponse;
  readonly request: Uint8Array;
}

/** Estimates a request and starts it, as the enclave does. Throws what the engine throws. */
export async function startAnswer(
  engine: Engine,
  endpoint: EngineEndpoint,
  body: object,
  options: AskOptions = {},
): Promise<StartedAnswer> {
  const text = JSON.stringify({ model: engine.describe().modelName, ...body });
  const request = encodeUtf8(text);
  const json = parseJson(text) as JsonObject;
  const estimate = await engine.estimate(endpoint, json, request);
  const asked = estimate.requestedCompletionTokens ?? estimate.availableCompletionTokens;
  const response = await engine.respond({
    endpoint,
    body: request,
    json,
    maxCompletionTokens: options.maxCompletionTokens ?? asked,
    responseId: 'chatcmpl-0123456789abcdef',
    createdSeconds: 1_767_225_600,
    tenant: options.tenant ?? 'tenant-a',
    signal: options.signal ?? new AbortController().signal,
  });
  return { estimate, response, request };
}

/** Asks and reads the whole answer. */
export async function askEngine(
  engine: Engine,
  endpoint: EngineEndpoint,
  body: object,
  options: AskOptions = {},
): Promise<EngineAnswer> {
  const started = await startAnswer(engine, endpoint, body, options);
  const chunks: EngineChunk[] = [];
  for await (const chunk of started.response.chunks) chunks.push(chunk);
  const bytes = Buffer.concat(chunks.map((chunk) => chunk.bytes));
  return { ...started, chunks, text: bytes.toString('utf8'), usage: chunks.at(-1)!.usage };
}
