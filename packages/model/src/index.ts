export * from './catalogue.ts';
export * from './gguf/gguf-components.ts';
export * from './gguf/gguf-facts.ts';
export * from './gguf/gguf-types.ts';
export { parseGgufHeader, parseGgufPrefix, type ReadRange } from './gguf/parse-gguf.ts';
export { compareManifests } from './manifest/compare-manifests.ts';
export * from './manifest/model-manifest.ts';
export { parseModelManifest } from './manifest/parse-manifest.ts';
export * from './model-error.ts';
