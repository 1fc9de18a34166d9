import { isDcmlError, type JsonObject, type JsonValue } from '@dcml/core';
import { HostError } from '../host-error.ts';

function errorType(status: number): string {
  if (status === 404) return 'not_found';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/** The OpenAI shape of an error (docs/protocol/http.md, "Errors"). An unknown error shows nothing of itself. */
export function errorReply(thrown: unknown): { status: number; code: string; body: JsonValue } {
  const error = isDcmlError(thrown)
    ? thrown
    : new HostError('HOST_INTERNAL', 'internal error', { cause: thrown });
  const { code, advice, fix, details, message } = error.toJSON();
  const dcml: JsonObject = { code, advice, fix, details: { ...details } };
  return {
    status: error.httpStatus,
    code,
    body: {
      error: { message, type: errorType(error.httpStatus), code, param: null, dcml },
    },
  };
}
