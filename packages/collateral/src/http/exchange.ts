import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { concatBytes } from '@dcml/core';
import { CollateralError } from '../collateral-error.ts';

/** Variables such as HTTPS_PROXY and NO_PROXY. */
export type ProxyVariables = Readonly<Record<string, string | undefined>>;

export interface HttpQuestion {
  readonly url: URL;
  readonly accept: string;
  /** Most bytes of the answer's body. */
  readonly maxBytes: number;
  /** For the whole exchange, the body included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST; without it the question is a GET. */
  readonly body?: { readonly type: string; readonly bytes: Uint8Array };
  /** PEM of the CAs that this service may have its TLS certificate from, in place of the public ones. */
  readonly caPem?: string;
  readonly proxy: ProxyVariables;
}

export interface HttpAnswer {
  readonly status: number;
  /** A header by its lowercase name. */
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

async function readBody(incoming: IncomingMessage, { url, maxBytes }: HttpQuestion): Promise<Uint8Array> {
  const tooLong = new CollateralError(
    'COLLATERAL_ANSWER',
    `${url.origin} answered with more than ${maxBytes} bytes`,
  );
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLong;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of incoming as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > maxBytes) throw tooLong;
    parts.push(part);
  }
  return concatBytes(...parts);
}

function send(question: HttpQuestion, signal: AbortSignal): Promise<IncomingMessage> {
  const { url, accept, headers, body, caPem, proxy } = question;
  const isPlain = url.protocol === 'http:';
  const agent = isPlain ? new HttpAgent() : new HttpsAgent({ proxyEnv: { ...proxy } });
  return new Promise((resolve, reject) => {
    const outgoing = (isPlain ? requestHttp : requestHttps)(
      url,
      {
        method: body === undefined ? 'GET' : 'POST',
        agent,
        signal,
        headers: {
          accept,
          // Bytes are hashed and cut as they come.
          'accept-encoding': 'identity',
          'user-agent': 'dcml-collateral',
          connection: 'close',
          ...(body && { 'content-type': body.type, 'content-length': body.bytes.length }),
          ...headers,
        },
        ...(caPem === undefined ? {} : { ca: caPem }),
      },
      resolve,
    );
    outgoing.on('error', reject);
    outgoing.end(body?.bytes);
  });
}

/**
 * One HTTP exchange within its deadline and size. Redirects are answers like others and never followed. Throws
 * `COLLATERAL_UNREACHABLE`, `COLLATERAL_TIMEOUT`, `COLLATERAL_ANSWER` (too long), or the reason of `signal`.
 */
export async function exchange(question: HttpQuestion): Promise<HttpAnswer> {
  const { url, signal, timeoutMs } = question;
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(timeoutMs);
  let incoming: IncomingMessage | undefined;
  try {
    incoming = await send(question, AbortSignal.any([signal, deadline]));
    const { headers, statusCode = 0 } = incoming;
    const body = await readBody(incoming, question);
    return {
      status: statusCode,
      header: (name) => {
        const value = headers[name];
        return typeof value === 'string' ? value : undefined;
      },
      body,
    };
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof CollateralError) throw cause;
    if (deadline.aborted) {
      throw new CollateralError('COLLATERAL_TIMEOUT', `${url.origin} gave no answer in ${timeoutMs} ms`);
    }
    const why =
      cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : 'no reason';
    throw new CollateralError('COLLATERAL_UNREACHABLE', `${url.origin} gave no answer (${why})`, { cause });
  } finally {
    incoming?.destroy();
  }
}
