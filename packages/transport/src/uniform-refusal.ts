import { DcmlError } from '@dcml/core';
import { keyConfigProblemType } from './ehbp-constants.ts';
import { TransportError } from './transport-error.ts';

export interface UniformRefusal {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const refusals: ReadonlyMap<number, string> = new Map([
  [400, 'The sealed request is malformed.'],
  [408, 'The request took too long.'],
  [409, 'The sealed request was served before.'],
  [413, 'The request is too large.'],
  [503, 'The service is busy.'],
]);

/**
 * The plain answer to a sealed request that was not opened (EHBP section 5.4.2): one fixed body for each status, so
 * that it tells nothing about keys or plaintext. 422 invites the client to verify again and retry once.
 */
export function toUniformRefusal(error: unknown): UniformRefusal {
  const status = error instanceof TransportError ? error.httpStatus : timedOut(error) ? 408 : 500;
  if (status === 422) {
    return {
      status,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        type: keyConfigProblemType,
        title: 'The request was not sealed to the current key.',
      }),
    };
  }
  const message = refusals.get(status) ?? 'The request failed.';
  const type = status < 500 ? 'invalid_request_error' : 'server_error';
  return {
    status: refusals.has(status) ? status : 500,
    contentType: 'application/json',
    body: JSON.stringify({ error: { message, type, code: null, param: null } }),
  };
}

function timedOut(error: unknown): boolean {
  return (
    !(error instanceof DcmlError) && error instanceof Error && /^(?:Abort|Timeout)Error$/.test(error.name)
  );
}

/**
 * True for the refusal that says "your key is stale" (EHBP section 5.4.3). It is not authenticated: the only right
 * reaction is to verify the report again and retry once, sealed.
 */
export function isKeyConfigMismatch(status: number, contentType: string | null, body: string): boolean {
  if (status !== 422 || contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/problem+json') {
    return false;
  }
  try {
    const problem: unknown = JSON.parse(body);
    return (
      typeof problem === 'object' &&
      problem !== null &&
      'type' in problem &&
      problem.type === keyConfigProblemType
    );
  } catch {
    return false;
  }
}
