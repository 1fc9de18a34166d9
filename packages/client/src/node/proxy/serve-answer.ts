import type { ServerResponse } from 'node:http';
import type { StreamedAnswer, VerifiedAnswer } from '../../answers.ts';
import type { EnclaveConnection } from '../../connect-enclave.ts';
import { verificationHeaders } from '../../dcml-fetch.ts';
import { proxyErrorBody, toDcmlError } from './proxy-error.ts';

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      response.off('drain', finish);
      signal.removeEventListener('abort', finish);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    response.once('drain', finish);
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted) finish();
  });
}

/**
 * Passes verified frames on, no faster than the client reads. A stream that does not verify at its end is broken off
 * after an error event: its connection never ends normally, so no client takes it for complete.
 */
async function serveStream(
  answer: StreamedAnswer,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      const next = await answer.body.next();
      if (next.done === true) break;
      if (!response.write(next.value)) await drained(response, signal);
    }
    response.end();
  } catch (thrown) {
    await answer.body.return(undefined as never).catch(() => undefined);
    const event = `\n\ndata: ${JSON.stringify(proxyErrorBody(toDcmlError(thrown)))}\n\n`;
    // The event is flushed before the cut; a client that is gone takes neither.
    if (signal.aborted || response.destroyed) response.destroy();
    else response.write(event, () => response.destroy());
    throw thrown;
  }
}

/** Answers a proxied request. Throws what made a stream break off, after it was broken off. */
export async function serveAnswer(
  answer: VerifiedAnswer,
  connection: EnclaveConnection,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const base = { ...headers, 'content-type': answer.contentType, 'cache-control': 'no-store' };
  if (answer.kind === 'stream') {
    response.writeHead(200, { ...base, ...verificationHeaders(connection, answer.receiptId) });
    response.flushHeaders();
    return serveStream(answer, response, signal);
  }
  const receiptId = answer.kind === 'buffered' ? answer.receipt.receiptId : null;
  response.writeHead(answer.kind === 'buffered' ? 200 : answer.status, {
    ...base,
    ...verificationHeaders(connection, receiptId),
    'content-length': answer.body.length,
  });
  response.end(answer.body);
}
