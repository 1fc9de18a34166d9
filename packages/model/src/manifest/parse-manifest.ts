import { CoreError, canonicalizeJson, Fields, type JsonObject, type JsonValue } from '@dcml/core';
import { type GgufComponents, ggufComponentNames } from '../gguf/gguf-components.ts';
import { ModelError } from '../model-error.ts';
import {
  createModelManifest,
  type ModelManifest,
  type ModelResource,
  maxManifestFiles,
  modelPredicateType,
  statementType,
} from './model-manifest.ts';

const DIGEST = /^[0-9a-f]{64}$/;

function digest(fields: Fields, name: string): string {
  const text = fields.string(name, 64);
  if (!DIGEST.test(text)) {
    throw new CoreError('CORE_FIELD', `${fields.path}.${name}: expected 64 lowercase hex digits`);
  }
  return text;
}

function parseComponents(fields: Fields): GgufComponents {
  const entries = ggufComponentNames.map((name) => [name, digest(fields, name)] as const);
  fields.done();
  return Object.fromEntries(entries) as Record<keyof GgufComponents, string>;
}

function parseResource(value: JsonValue, path: string): ModelResource {
  const fields = new Fields(value, path);
  const resource = {
    name: fields.string('name'),
    algorithm: fields.oneOf('algorithm', ['sha256']),
    digest: digest(fields, 'digest'),
    size: fields.integer('size', 0, Number.MAX_SAFE_INTEGER),
    ...(fields.has('gguf') ? { gguf: parseComponents(fields.object('gguf')) } : {}),
  };
  fields.done();
  return resource;
}

function readManifest(json: JsonValue): ModelManifest {
  const statement = new Fields(json, 'manifest');
  statement.oneOf('_type', [statementType]);
  statement.oneOf('predicateType', [modelPredicateType]);
  const predicate = statement.object('predicate');
  const resources = predicate
    .array('resources', maxManifestFiles)
    .map((value, i) => parseResource(value, `manifest.predicate.resources[${i}]`));
  return createModelManifest(resources);
}

/**
 * A manifest from foreign JSON. Everything in it is either checked or derived again, so what comes back is
 * exactly what was given. Throws `MODEL_MANIFEST`.
 */
export function parseModelManifest(json: JsonValue): ModelManifest {
  let manifest: ModelManifest;
  try {
    manifest = readManifest(json);
  } catch (cause) {
    if (cause instanceof CoreError) throw new ModelError('MODEL_MANIFEST', cause.message, { cause });
    throw cause;
  }
  if (canonicalizeJson(json) !== canonicalizeJson(manifest as unknown as JsonObject)) {
    throw new ModelError(
      'MODEL_MANIFEST',
      'manifest: order, root digest or a field is not what the files give',
    );
  }
  return manifest;
}
