import { EngineError, type EngineErrorCode } from '../engine-error.ts';

/**
 * Our error for an answer of the upstream engine with another status than 200. Its text is left out, since
 * servers quote the prompt in it.
 */
export function upstreamRefusal(status: number, body: Buffer): EngineError {
  const { type, code, message } = readError(body);
  const isContext = /context.{0,20}length|maximum context|exceed_context|too (?:many tokens|long)/i.test(
    `${type} ${code} ${message}`,
  );
  return new EngineError(
    errorCode(status, isContext),
    `the upstream engine refused the request with status ${status}`,
    {
      details: { status },
    },
  );
}

function errorCode(status: number, isContext: boolean): EngineErrorCode {
  if (status === 429 || status === 503) return 'ENGINE_BUSY';
  if (status === 413 || (status === 400 && isContext) || (status === 422 && isContext))
    return 'ENGINE_CONTEXT';
  if (status === 400 || status === 422) return 'ENGINE_REQUEST';
  if (status === 404 || status === 405 || status === 501) return 'ENGINE_UNSUPPORTED';
  return 'ENGINE_FAILED';
}

function readError(body: Buffer): { readonly type: string; readonly code: string; readonly message: string } {
  try {
    const value = JSON.parse(body.toString('utf8')) as { readonly error?: unknown } | null;
    const error = (value?.error ?? value ?? {}) as Record<string, unknown>;
    return { type: String(error['type']), code: String(error['code']), message: String(error['message']) };
  } catch {
    return { type: '', code: '', message: '' };
  }
}
