import type { EnclaveSettings } from '../settings.ts';
import type { Engine } from './engine.ts';
import { createLlamaEngine } from './llama/create-llama-engine.ts';
import { createUpstreamEngine } from './upstream/create-upstream-engine.ts';

/** The engine that the settings ask for, over the model file at `modelPath`. Throws `EngineError`. */
export function startEngine(
  settings: EnclaveSettings,
  modelPath: string,
  signal: AbortSignal,
): Promise<Engine> {
  const { engine, modelName } = settings;
  if (engine.kind === 'upstream') {
    const { baseUrl, contextTokens } = engine;
    return createUpstreamEngine({ baseUrl, modelName, contextTokens, signal });
  }
  const { contextTokens, maxSequences, threads, gpu } = engine;
  return createLlamaEngine({
    modelPath,
    modelName,
    ...(contextTokens === null ? {} : { contextTokens }),
    maxSequences,
    threads,
    gpu,
    signal,
  });
}
