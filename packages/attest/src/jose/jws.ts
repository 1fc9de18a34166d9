import { decodeUtf8, encodeUtf8, Fields, fromBase64Url, parseJson } from '@dcml/core';
import { formatError } from '../attest-error.ts';

export type JwsAlgorithm = 'ES256' | 'ES384';
const algorithms: readonly JwsAlgorithm[] = ['ES256', 'ES384'];

/** A JSON Web Token in compact form, read and not yet believed. */
export interface Jws {
  readonly algorithm: JwsAlgorithm;
  readonly keyId: string;
  /** JSON of the claims. */
  readonly payload: string;
  /** r and s of the curve's length each. */
  readonly signature: Uint8Array;
  /** What is signed: header and payload in base64url, as they came. */
  readonly signedBytes: Uint8Array;
}

const MAX_TOKEN_LENGTH = 65_536;

/**
 * Reads a compact JWS (RFC 7515 section 7.1) with exactly these header members: `alg` (ES256 or ES384), `kid` and
 * perhaps `typ`. Everything else is refused: no algorithm, a shared secret, a key that the token brings along, and
 * extensions (`crit`). Throws `ATTEST_FORMAT` or `CORE_*`.
 */
export function parseJws(token: string, what: string): Jws {
  if (token.length > MAX_TOKEN_LENGTH)
    throw formatError(what, `is longer than ${MAX_TOKEN_LENGTH} characters`);
  const parts = token.split('.');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw formatError(what, 'is not three parts with dots between');
  }
  const fields = new Fields(parseJson(decodeUtf8(fromBase64Url(header, what))), `${what} header`);
  const algorithm = fields.oneOf('alg', algorithms);
  const keyId = fields.string('kid', 256);
  if (fields.has('typ')) fields.oneOf('typ', ['JWT']);
  fields.done();
  return {
    algorithm,
    keyId,
    payload: decodeUtf8(fromBase64Url(payload, what)),
    signature: fromBase64Url(signature, what),
    signedBytes: encodeUtf8(`${header}.${payload}`),
  };
}
