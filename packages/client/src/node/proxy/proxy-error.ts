import { type DcmlError, isDcmlError, type JsonObject } from '@dcml/core';
import { ClientError } from '../../client-error.ts';

const TYPES: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  402: 'payment_required',
  403: 'permission_error',
  404: 'not_found',
};

export function toDcmlError(thrown: unknown): DcmlError {
  return isDcmlError(thrown)
    ? thrown
    : new ClientError('CLIENT_INTERNAL', 'the proxy failed', { cause: thrown });
}

/** The OpenAI shape of an error (docs/protocol/http.md, "Errors"). */
export function proxyErrorBody(error: DcmlError): JsonObject {
  const { code, advice, fix, details, message } = error.toJSON();
  const type = TYPES[error.httpStatus] ?? (error.httpStatus < 500 ? 'invalid_request_error' : 'server_error');
  return {
    error: {
      message: `${message}. ${fix}`,
      type,
      code,
      param: null,
      dcml: { code, advice, fix, details: { ...details } },
    },
  };
}
