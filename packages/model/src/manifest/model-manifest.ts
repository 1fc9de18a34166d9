import {
  asModelHash,
  canonicalJsonBytes,
  createSha256,
  fromHex,
  type JsonObject,
  type ModelHash,
  sha256,
  toHex,
  toPrefixedHex,
} from '@dcml/core';
import type { GgufComponents } from '../gguf/gguf-components.ts';
import { ModelError } from '../model-error.ts';
import { assertManifestPaths, compareManifestPaths } from './manifest-path.ts';

export const statementType = 'https://in-toto.io/Statement/v1';
export const modelPredicateType = 'https://model_signing/signature/v1.0';
export const maxManifestFiles = 65_536;

/** One file of a model. */
export interface ModelResource {
  readonly name: string;
  readonly algorithm: 'sha256';
  /** Lowercase hex. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** For a GGUF file: its parts. */
  readonly gguf?: GgufComponents;
}

/**
 * Identity of a model: an in-toto statement with the predicate of OpenSSF model signing v1.0 over every file.
 * `size` and `gguf` are additions that verifiers of that predicate ignore.
 */
export interface ModelManifest {
  readonly _type: typeof statementType;
  readonly subject: readonly [{ readonly name: 'model'; readonly digest: { readonly sha256: string } }];
  readonly predicateType: typeof modelPredicateType;
  readonly predicate: {
    readonly serialization: {
      readonly method: 'files';
      readonly hash_type: 'sha256';
      readonly allow_symlinks: false;
      readonly ignore_paths: readonly [];
    };
    readonly resources: readonly ModelResource[];
  };
}

/** The root digest of model-signing: SHA-256 over the file digests in order. */
function rootDigest(resources: readonly ModelResource[]): string {
  const hasher = createSha256();
  for (const { digest } of resources) hasher.update(fromHex(digest, 'digest', 32));
  return toHex(hasher.digest());
}

/**
 * The manifest of files in any order. The subject is always called `model`: a model's names live in catalogues
 * and registries, and renaming it does not change what it is. Throws `MODEL_MANIFEST`.
 */
export function createModelManifest(files: readonly ModelResource[]): ModelManifest {
  if (files.length === 0 || files.length > maxManifestFiles) {
    throw new ModelError(
      'MODEL_MANIFEST',
      `manifest: ${files.length} files, 1 to ${maxManifestFiles} are possible`,
    );
  }
  const resources = files.toSorted((a, b) => compareManifestPaths(a.name, b.name));
  assertManifestPaths(resources.map(({ name }) => name));
  return {
    _type: statementType,
    subject: [{ name: 'model', digest: { sha256: rootDigest(resources) } }],
    predicateType: modelPredicateType,
    predicate: {
      serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: [] },
      resources,
    },
  };
}

/** modelH: SHA-256 of the manifest's RFC 8785 form. */
export function hashManifest(manifest: ModelManifest): ModelHash {
  return asModelHash(toPrefixedHex(sha256(canonicalJsonBytes(manifest as unknown as JsonObject))));
}
