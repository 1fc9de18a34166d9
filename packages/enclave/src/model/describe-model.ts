import type { DigestText, ModelHash } from '@dcml/core';
import type { ModelManifest } from '@dcml/model';
import type { ModelEvent } from '@dcml/receipt';

/**
 * What receipts say of a model: the hashes of its files and of the parts inside a GGUF file. `adapter` and the engine's
 * build are the engine's to add.
 */
export function describeModel(model: ModelHash, manifest: ModelManifest): Omit<ModelEvent, 'engine'> {
  const { resources } = manifest.predicate;
  const parts = resources.find((resource) => resource.gguf !== undefined)?.gguf;
  const text = (hex: string | null | undefined): DigestText | null => (hex ? `sha256:${hex}` : null);
  return {
    type: 'dcml.model',
    model,
    weights: resources.map((resource): DigestText => `sha256:${resource.digest}`),
    tokenizer: text(parts?.tokenizer),
    chatTemplate: text(parts?.chat_template),
    configuration: text(parts?.configuration),
    quantization: parts?.quantization ?? null,
    adapter: null,
  };
}
