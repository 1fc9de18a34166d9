import type { JsonObject } from '@dcml/core';
import { readTextInputs, type TextInput } from './completion-request.ts';
import { RequestFields } from './request-fields.ts';

export interface EmbeddingRequest {
  readonly model: string;
  readonly inputs: readonly TextInput[];
  readonly encoding: 'float' | 'base64';
}

const MAX_INPUTS = 256;

/** Reads `POST /v1/embeddings`. Throws `ENGINE_REQUEST` or `ENGINE_UNSUPPORTED`. */
export function readEmbeddingRequest(json: JsonObject): EmbeddingRequest {
  const fields = new RequestFields(json);
  const request: EmbeddingRequest = {
    model: fields.requiredString('model'),
    inputs: readTextInputs(fields.required('input'), 'input', MAX_INPUTS),
    encoding: fields.oneOf('encoding_format', ['float', 'base64']) ?? 'float',
  };
  fields.ignore('user');
  fields.only('dimensions');
  fields.done();
  return request;
}
