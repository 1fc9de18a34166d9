import { decodeUtf8, type JsonObject, parseJson } from '@dcml/core';
import type { Engine } from '@dcml/enclave';
import { createLlamaEngine } from '@dcml/enclave/engine';
import type { Target } from './target.ts';

export interface BareTargetOptions {
  readonly modelPath: string;
  readonly modelName: string;
  readonly maxSequences: number;
  readonly threads: number;
  readonly signal: AbortSignal;
}

/** The engine alone: no network, no encryption, no payment, no receipt. */
export async function createBareTarget(options: BareTargetOptions): Promise<Target> {
  const engine: Engine = await createLlamaEngine({ ...options, gpu: false });
  let count = 0;
  async function* chunks(body: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const json = parseJson(decodeUtf8(body)) as JsonObject;
    const estimate = await engine.estimate('/v1/chat/completions', json, body);
    const response = await engine.respond({
      endpoint: '/v1/chat/completions',
      body,
      json,
      maxCompletionTokens: estimate.requestedCompletionTokens ?? estimate.availableCompletionTokens,
      responseId: `chatcmpl-${count++}`,
      createdSeconds: 0,
      tenant: 'bench',
      signal,
    });
    for await (const chunk of response.chunks) yield chunk.bytes;
  }
  return {
    name: 'bare engine',
    stream: async (body, signal) => chunks(body, signal),
    close: () => engine.close(),
  };
}
