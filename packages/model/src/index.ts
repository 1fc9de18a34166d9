export * from './gguf/gguf-components.ts';
export * from './gguf/gguf-facts.ts';
export * from './gguf/gguf-types.ts';
export { parseGgufHeader, parseGgufPrefix, type ReadRange } from './gguf/parse-gguf.ts';
export * from './model-error.ts';
