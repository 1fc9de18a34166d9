import { type GgufComponents, ggufComponentNames } from '../gguf/gguf-components.ts';
import type { ModelManifest, ModelResource } from './model-manifest.ts';

function differencesOfFile(expected: ModelResource, actual: ModelResource): string[] {
  if (expected.digest === actual.digest && expected.size === actual.size) return [];
  const { gguf: wanted } = expected;
  const { gguf: found } = actual;
  if (wanted === undefined || found === undefined) return [`file ${expected.name}`];
  const parts = ggufComponentNames.filter((part: keyof GgufComponents) => wanted[part] !== found[part]);
  // Equal parts in another file: only the order of entries, padding or the version can differ.
  return parts.length === 0
    ? [`layout of ${expected.name}`]
    : parts.map((part) => `${part} of ${expected.name}`);
}

/** What differs, in words: `weights of model.gguf`, `file config.json`, `missing a`, `unexpected b`. Empty when equal. */
export function compareManifests(expected: ModelManifest, actual: ModelManifest): string[] {
  const found = new Map(actual.predicate.resources.map((file) => [file.name, file]));
  const differences: string[] = [];
  for (const file of expected.predicate.resources) {
    const other = found.get(file.name);
    found.delete(file.name);
    if (other === undefined) differences.push(`missing ${file.name}`);
    else differences.push(...differencesOfFile(file, other));
  }
  return [...differences, ...[...found.keys()].map((name) => `unexpected ${name}`)];
}
