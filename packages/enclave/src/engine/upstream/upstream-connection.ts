import { request as httpRequest, type IncomingMessage } from 'node:http';
import { EngineError } from '../engine-error.ts';
import type { LoopbackAddress } from './loopback-url.ts';

export interface UpstreamConnection {
  readonly address: LoopbackAddress;
  readonly apiKey: string | null;
  /** Longest silence, before and within an answer. */
  readonly idleTimeoutMs: number;
}

/**
 * Sends one request and waits for the head of the answer. Aborting closes the connection, which makes
 * servers stop generating; `onClose` runs once it is closed, whatever happened. Throws `ENGINE_DEAD`, or the signal's reason.
 */
export function openUpstream(
  connection: UpstreamConnection,
  method: 'GET' | 'POST',
  path: string,
  body: Uint8Array | null,
  signal: AbortSignal,
  onClose?: () => void,
): Promise<IncomingMessage> {
  const { address, apiKey, idleTimeoutMs } = connection;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      onClose?.();
      reject(signal.reason);
      return;
    }
    const request = httpRequest({
      host: address.host,
      port: address.port,
      path: `${address.prefix}${path}`,
      method,
      // A kept connection may be closed by the server just as it is used again; a new one costs 50 us here.
      agent: false,
      headers: {
        accept: '*/*',
        'accept-encoding': 'identity',
        ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
        ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
      },
    });
    const abort = (): void => {
      request.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    request.once('close', () => {
      signal.removeEventListener('abort', abort);
      onClose?.();
    });
    request.setTimeout(idleTimeoutMs, () => {
      request.destroy(
        new EngineError('ENGINE_FAILED', `the upstream engine was silent for ${idleTimeoutMs} ms`),
      );
    });
    request.on('error', (cause) => {
      if (signal.aborted) reject(signal.reason);
      else if (cause instanceof EngineError) reject(cause);
      else reject(new EngineError('ENGINE_DEAD', 'the upstream engine cannot be reached', { cause }));
    });
    request.once('response', resolve);
    request.end(body ?? undefined);
  });
}

/** The body of an answer. Throws `ENGINE_FAILED` when it breaks off or has more than `maxBytes`. */
export async function readUpstreamBody(
  response: IncomingMessage,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of readUpstreamParts(response, signal)) {
    length += part.length;
    if (length > maxBytes) {
      response.destroy();
      throw new EngineError('ENGINE_FAILED', `the upstream answer has more than ${maxBytes} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The parts of a body as they arrive. Throws `ENGINE_FAILED` when it breaks off, or the signal's reason. */
export async function* readUpstreamParts(
  response: IncomingMessage,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      yield part;
    }
    signal.throwIfAborted();
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof EngineError) throw cause;
    throw new EngineError('ENGINE_FAILED', 'the upstream engine broke off its answer', { cause });
  } finally {
    response.destroy();
  }
}
