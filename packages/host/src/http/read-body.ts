import type { IncomingMessage } from 'node:http';
import { decodeUtf8, type JsonValue, parseJson } from '@dcml/core';
import { HostError } from '../host-error.ts';

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
}

/** Reads at most `maxBodyBytes`. Throws `HOST_BODY_TOO_LARGE`, `HOST_TIMEOUT` or `HOST_BODY`. */
function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const deadline = setTimeout(() => {
      fail(new HostError('HOST_TIMEOUT', `the body did not arrive within ${limits.bodyTimeoutMs} ms`));
    }, limits.bodyTimeoutMs);
    const fail = (error: HostError): void => {
      clearTimeout(deadline);
      request.removeAllListeners('data');
      // What still comes is thrown away until the connection closes after the answer.
      request.resume();
      reject(error);
    };
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limits.maxBodyBytes) {
        fail(new HostError('HOST_BODY_TOO_LARGE', `the body is larger than ${limits.maxBodyBytes} bytes`));
        return;
      }
      chunks.push(chunk);
    });
    request.on('end', () => {
      clearTimeout(deadline);
      resolve(Buffer.concat(chunks));
    });
    request.on('error', (cause) => fail(new HostError('HOST_BODY', 'the body was cut', { cause })));
  });
}

/** The body as strict JSON. Also throws the errors of `parseJson`. */
export async function readJsonBody(request: IncomingMessage, limits: BodyLimits): Promise<JsonValue> {
  const body = await readBody(request, limits);
  return parseJson(decodeUtf8(body), { maxLength: limits.maxBodyBytes, maxDepth: 12 });
}
