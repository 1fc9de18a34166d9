import type { Engine } from '../../src/engine/engine.ts';
import { createLlamaEngine, type LlamaEngineOptions } from '../../src/engine/llama/create-llama-engine.ts';

export const tinyModelPath: string = new URL('../../../../models/tiny/model.gguf', import.meta.url).pathname;

/** The model of the repository: 768 byte-level BPE tokens, a ChatML template with tools. */
export function createTinyEngine(options: Partial<LlamaEngineOptions> = {}): Promise<Engine> {
  return createLlamaEngine({
    modelPath: tinyModelPath,
    modelName: 'tiny',
    contextTokens: 512,
    maxSequences: 4,
    signal: new AbortController().signal,
    ...options,
  });
}
