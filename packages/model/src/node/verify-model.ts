import type { ModelHash } from '@dcml/core';
import { compareManifests } from '../manifest/compare-manifests.ts';
import { hashManifest, type ModelManifest } from '../manifest/model-manifest.ts';
import { ModelError } from '../model-error.ts';
import { type HashedModel, type HashModelOptions, hashModel } from './hash-model.ts';

export interface ExpectedModel {
  readonly modelHash: ModelHash;
  /** Only needed to name what differs. */
  readonly manifest?: ModelManifest | undefined;
}

/**
 * Hashes a model and compares it with what is expected. Throws `MODEL_MISMATCH` with `details.differs` (for example
 * `["weights of model.gguf"]`; empty without a manifest), `MODEL_MANIFEST` when the expected manifest does not have the
 * expected hash, and what `hashModel` throws.
 */
export async function verifyModel(
  path: string,
  expected: ExpectedModel,
  options: HashModelOptions = {},
): Promise<HashedModel> {
  if (expected.manifest !== undefined && hashManifest(expected.manifest) !== expected.modelHash) {
    throw new ModelError('MODEL_MANIFEST', 'the expected manifest does not have the expected model hash', {
      details: { expected: expected.modelHash, actual: hashManifest(expected.manifest) },
    });
  }
  const found = await hashModel(path, options);
  if (found.modelHash === expected.modelHash) return found;
  const differs = expected.manifest === undefined ? [] : compareManifests(expected.manifest, found.manifest);
  const what = differs.length === 0 ? 'the model' : differs.join(', ');
  throw new ModelError('MODEL_MISMATCH', `${path} is not the expected model: ${what} differs`, {
    details: { path, expected: expected.modelHash, actual: found.modelHash, differs },
  });
}
