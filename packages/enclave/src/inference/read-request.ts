import { decodeUtf8, type JsonObject, parseJson } from '@dcml/core';
import { EnclaveError } from '../enclave-error.ts';

const LIMITS = { maxLength: 16 << 20, maxDepth: 64 } as const;

/** The body of an inference request, parsed once by the strict reader. Throws `ENCLAVE_BODY` or `CORE_JSON…`. */
export function readInferenceRequest(body: Uint8Array): JsonObject {
  if (body.length === 0) throw new EnclaveError('ENCLAVE_BODY', 'the request has no body');
  const value = parseJson(decodeUtf8(body), LIMITS);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new EnclaveError('ENCLAVE_BODY', 'the body is not a JSON object');
  }
  return value as JsonObject;
}

/** The model that the request names. Throws `ENCLAVE_MODEL_UNKNOWN` unless it is the served one, by name or by hash. */
export function readModel(json: JsonObject, names: readonly string[]): string {
  const model = json['model'];
  if (typeof model !== 'string') {
    throw new EnclaveError('ENCLAVE_MODEL_UNKNOWN', 'the request names no model', {
      details: { path: 'model' },
    });
  }
  if (!names.includes(model)) {
    throw new EnclaveError('ENCLAVE_MODEL_UNKNOWN', 'the model is not served here', {
      details: { path: 'model', served: names },
    });
  }
  return model;
}
