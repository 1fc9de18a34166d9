import { type DcmlError, encodeUtf8, isDcmlError } from '@dcml/core';
import { EnclaveError } from '../enclave-error.ts';

/** The `type` of an OpenAI error by HTTP status; 401 and 404 use ACI's words (aci/1 section 10). */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'unauthorized',
  402: 'payment_required',
  403: 'permission_error',
  404: 'not_found',
  405: 'invalid_request_error',
  408: 'timeout_error',
  409: 'conflict_error',
  413: 'invalid_request_error',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
};

/** The OpenAI shape of an error (docs/protocol/http.md, "Errors"). */
export function encodeErrorBody(error: DcmlError): Uint8Array {
  const { code, message, advice, fix, details } = error.toJSON();
  const param = typeof details['path'] === 'string' ? details['path'] : null;
  return encodeUtf8(
    JSON.stringify({
      error: {
        message: `${message}. ${fix}`,
        type: TYPES[error.httpStatus] ?? 'server_error',
        code,
        param,
        dcml: { code, advice, fix, details },
      },
    }),
  );
}

/** An expected error as it is; anything else as `ENCLAVE_INTERNAL`, which says nothing about its cause. */
export function toPublicError(error: unknown, incident: string): DcmlError {
  if (isDcmlError(error)) return error;
  return new EnclaveError('ENCLAVE_INTERNAL', 'the enclave failed', { details: { incident } });
}
