import { ClientError } from './client-error.ts';
import type {
  EnclaveRequest,
  EnclaveResponse,
  EnclaveTransport,
  OpenTransport,
} from './enclave-transport.ts';

async function* readBody(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw new ClientError('CLIENT_CUT', 'the connection broke inside the answer', { cause });
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function send(
  origin: string,
  request: EnclaveRequest,
  fetcher: typeof fetch,
): Promise<EnclaveResponse> {
  let response: Response;
  try {
    response = await fetcher(`${origin}${request.path}`, {
      method: request.method,
      headers: { ...request.headers },
      body: request.body === null ? null : (request.body as Uint8Array<ArrayBuffer>),
      signal: request.signal,
      redirect: 'error',
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
    });
  } catch (cause) {
    if (request.signal.aborted) throw request.signal.reason;
    throw new ClientError('CLIENT_CONNECT', `cannot reach ${origin}`, { cause });
  }
  const headers = new Map([...response.headers].map(([name, value]) => [name.toLowerCase(), value] as const));
  return { status: response.status, headers, body: readBody(response, request.signal), peerSpkiSha256: null };
}

/** A transport over `fetch`, for browsers: it cannot see certificates, so sealing alone protects what it carries. */
export function createFetchTransport(fetcher: typeof fetch = fetch): OpenTransport {
  return ({ origin }): EnclaveTransport => ({
    send: (request) => send(origin, request, fetcher),
    close: () => {},
  });
}
