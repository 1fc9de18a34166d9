import type { ModelHash } from '@dcml/core';
import type { GgufHeader } from '../gguf/gguf-types.ts';
import {
  createModelManifest,
  hashManifest,
  type ModelManifest,
  type ModelResource,
} from '../manifest/model-manifest.ts';
import { hashFile } from './hash-file.ts';
import { listModelFiles, singleFileName } from './list-model-files.ts';

export interface HashProgress {
  readonly hashedBytes: number;
  readonly totalBytes: number;
}

export interface HashModelOptions {
  readonly onProgress?: ((progress: HashProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HashedModel {
  readonly manifest: ModelManifest;
  readonly modelHash: ModelHash;
  /** Headers of the GGUF files, by manifest name, from the very bytes that were hashed. */
  readonly ggufHeaders: ReadonlyMap<string, GgufHeader>;
}

/**
 * Identity of the model in a file or a directory: reads every byte once. Progress is in bytes over all files.
 * Throws `MODEL_FILES`, `MODEL_GGUF`, `MODEL_GGUF_LIMIT`, `MODEL_MANIFEST` (an unsafe file name),
 * `MODEL_CHANGED`, or the signal's reason.
 */
export async function hashModel(path: string, options: HashModelOptions = {}): Promise<HashedModel> {
  const files = await listModelFiles(path);
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  let hashedBytes = 0;
  const onBytes = (bytes: number): void => {
    hashedBytes += bytes;
    options.onProgress?.({ hashedBytes, totalBytes });
  };
  const resources: ModelResource[] = [];
  const ggufHeaders = new Map<string, GgufHeader>();
  for (const file of files) {
    const { sha256, size, gguf } = await hashFile(file.path, { onBytes, signal: options.signal });
    const name = file.name ?? singleFileName(file.path, gguf !== undefined);
    if (gguf !== undefined) ggufHeaders.set(name, gguf.header);
    resources.push({
      name,
      algorithm: 'sha256',
      digest: sha256,
      size,
      ...(gguf === undefined ? {} : { gguf: gguf.components }),
    });
  }
  const manifest = createModelManifest(resources);
  return { manifest, modelHash: hashManifest(manifest), ggufHeaders };
}
