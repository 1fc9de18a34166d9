export type * from './engine.ts';
export { EngineError, engineErrors } from './engine-error.ts';
export { createLlamaEngine, type LlamaEngineOptions } from './llama/create-llama-engine.ts';
export { createUpstreamEngine, type UpstreamEngineOptions } from './upstream/create-upstream-engine.ts';
