import { decodeUtf8 } from '@dcml/core';
import type { StreamedAnswer, VerifiedAnswer } from './answers.ts';
import { ClientError } from './client-error.ts';
import type { EnclaveConnection } from './connect-enclave.ts';
import { parseJsonBytes, readBounded } from './read-bounded.ts';
import { inferenceEndpoints } from './request-cost.ts';
import type { Session } from './session.ts';

const MAX_LIST_BYTES = 1 << 20;

/** Headers that tell a client of an answer how it was verified. */
export function verificationHeaders(
  connection: EnclaveConnection,
  receiptId: string | null,
): Record<string, string> {
  const { outcome, simulated } = connection.verdict;
  return {
    'x-dcml-verdict': simulated ? `${outcome}; SIMULATED` : outcome,
    ...(receiptId === null ? {} : { 'x-dcml-receipt-id': receiptId }),
  };
}

/** A web stream over verified frames: errors where the frames throw, and stops the enclave when it is cancelled. */
export function toReadableStream(
  answer: StreamedAnswer,
  stop: (reason: unknown) => void,
): ReadableStream<Uint8Array> {
  const frames = answer.body;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await frames.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel(reason) {
      stop(reason);
      await frames.return(undefined as never).catch(() => undefined);
    },
  });
}

/** The list of models as the enclave gives it; it names the model hash that the channel pays for. */
export async function fetchModels(
  connection: EnclaveConnection,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: Uint8Array<ArrayBuffer> }> {
  const response = await connection.transport.send({
    method: 'GET',
    path: '/v1/models',
    headers: { accept: 'application/json' },
    body: null,
    signal,
  });
  const body = await readBounded(response.body, MAX_LIST_BYTES);
  try {
    parseJsonBytes(body, MAX_LIST_BYTES);
  } catch (cause) {
    throw new ClientError('CLIENT_ENCLAVE_ANSWER', 'the list of models is not JSON', { cause });
  }
  return { status: response.status, body };
}

function toResponse(
  answer: VerifiedAnswer,
  connection: EnclaveConnection,
  stop: (reason: unknown) => void,
): Response {
  const type = { 'content-type': answer.contentType };
  if (answer.kind === 'stream') {
    const headers = { ...type, ...verificationHeaders(connection, answer.receiptId) };
    return new Response(toReadableStream(answer, stop), { status: 200, headers });
  }
  const receiptId = answer.kind === 'buffered' ? answer.receipt.receiptId : null;
  const headers = { ...type, ...verificationHeaders(connection, receiptId) };
  const status = answer.kind === 'buffered' ? 200 : answer.status;
  return new Response(answer.body as Uint8Array<ArrayBuffer>, { status, headers });
}

async function readRequestBody(request: Request): Promise<Uint8Array> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  decodeUtf8(bytes);
  return bytes;
}

/**
 * A `fetch` for OpenAI clients: `new OpenAI({ baseURL: 'https://enclave.invalid/v1', apiKey: 'none', fetch })`.
 * The address of a request is ignored but for its path; its headers do not leave. A buffered answer is verified before
 * it is returned; a stream errors where it does not verify, before `data: [DONE]`. What cannot be trusted rejects with a
 * `ClientError`, so a client that retries on its own should be told not to (`maxRetries: 0`).
 */
export function createDcmlFetch(session: Session): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const path = new URL(request.url).pathname;
    const stop = new AbortController();
    const signal = AbortSignal.any([request.signal, stop.signal]);
    if (request.method === 'GET' && path.endsWith('/v1/models')) {
      const connection = await session.connection();
      const { status, body } = await fetchModels(connection, signal);
      const headers = { 'content-type': 'application/json', ...verificationHeaders(connection, null) };
      return new Response(body, { status, headers });
    }
    const endpoint = inferenceEndpoints.find((known) => path.endsWith(known));
    if (request.method !== 'POST' || endpoint === undefined) {
      throw new ClientError('CLIENT_REQUEST', `an enclave does not serve ${request.method} ${path}`);
    }
    const answer = await session.send(endpoint, await readRequestBody(request), signal);
    return toResponse(answer, await session.connection(), (reason) => stop.abort(reason));
  };
}
