import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ClientError } from '../../client-error.ts';

const LOCAL_NAMES: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Keeps web pages out: a foreign Host header means that a name was rebound to this machine, a foreign Origin that a
 * page asks. Throws `CLIENT_PROXY_FORBIDDEN`. Returns the allowed origin of a page, or null for other programs.
 */
export function guardRequest(
  request: IncomingMessage,
  port: number,
  allowedOrigins: readonly string[],
): string | null {
  const host = request.headers.host?.toLowerCase() ?? '';
  if (!LOCAL_NAMES.some((name) => host === `${name}:${port}` || (port === 80 && host === name))) {
    throw new ClientError('CLIENT_PROXY_FORBIDDEN', 'the Host header is not this proxy');
  }
  const { origin } = request.headers;
  if (origin !== undefined) {
    if (!allowedOrigins.includes(origin)) {
      throw new ClientError('CLIENT_PROXY_FORBIDDEN', 'the origin is not allowed to use this proxy');
    }
    return origin;
  }
  // Requests without Origin that a page made all the same: images, navigation, old browsers.
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new ClientError('CLIENT_PROXY_FORBIDDEN', 'a web page of another site asks');
  }
  return null;
}

/** Other users of this machine must not spend the deposit. Throws `CLIENT_PROXY_KEY`. */
export function assertApiKey(request: IncomingMessage, apiKey: string): void {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const given = request.headers.authorization ?? '';
  if (!timingSafeEqual(digest(given), digest(`Bearer ${apiKey}`))) {
    throw new ClientError('CLIENT_PROXY_KEY', 'the API key is not the one of this proxy');
  }
}

/** Headers that let an allowed page read the answer. */
export function corsHeaders(origin: string | null): Record<string, string> {
  return origin === null
    ? {}
    : {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, POST, OPTIONS',
        'access-control-allow-headers': 'authorization, content-type',
        'access-control-expose-headers': 'x-dcml-receipt-id, x-dcml-verdict',
        vary: 'origin',
      };
}
