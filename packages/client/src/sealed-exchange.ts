import { canonicalizeJson, encodeUtf8, type JsonValue } from '@dcml/core';
import { ehbpHeaders, isKeyConfigMismatch, type SealedRequest } from '@dcml/transport';
import { ClientError } from './client-error.ts';
import type { EnclaveConnection } from './connect-enclave.ts';
import type { EnclaveResponse } from './enclave-transport.ts';
import { readErrorAnswer } from './error-answer.ts';
import { parseJsonBytes, readBounded } from './read-bounded.ts';

const MAX_REFUSAL_BYTES = 64 << 10;
const MAX_JSON_BYTES = 1 << 20;
const CALL_DEADLINE_MS = 30_000;
const NONCE_HEADER = ehbpHeaders.responseNonce.toLowerCase();

/** The answer to a sealed request, opened chunk by chunk. */
export interface SealedAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Plaintext; throws `TRANSPORT_RESPONSE` on any frame that does not authenticate, `CLIENT_CUT` on a cut. */
  readonly body: AsyncGenerator<Uint8Array, void>;
  /** The sealed `DCML-Receipt`; null when the answer has none. */
  openReceipt(): Promise<Uint8Array | null>;
  /** The enclave hints that its keyset is another one by now. */
  readonly keysetChanged: boolean;
}

/** An answer that is not sealed is no answer of the enclave's, whatever it says. */
async function refusePlain(response: EnclaveResponse): Promise<never> {
  const bytes = await readBounded(response.body, MAX_REFUSAL_BYTES).catch(() => new Uint8Array(0));
  const text = new TextDecoder().decode(bytes);
  const { status } = response;
  if (isKeyConfigMismatch(status, response.headers.get('content-type') ?? null, text)) {
    throw new ClientError(
      'CLIENT_STALE_KEY',
      'the enclave does not know the key that the request is sealed to',
    );
  }
  // On a pinned connection a refusal comes from the enclave, which then could not or would not open the body.
  if (response.peerSpkiSha256 !== null && status >= 400) {
    throw new ClientError(
      'CLIENT_ENCLAVE_REFUSED',
      `the enclave refused with status ${status} before it read the request`,
      {
        details: { code: 'UNOPENED', status },
      },
    );
  }
  throw new ClientError('CLIENT_PLAINTEXT', `an answer with status ${status} is not sealed`, {
    details: { status },
  });
}

/**
 * Seals a body to the verified key and sends it; there is no plaintext fallback.
 * Throws `CLIENT_PLAINTEXT`, `CLIENT_STALE_KEY`, `CLIENT_ENCLAVE_REFUSED`, `CLIENT_CONNECT`, `CLIENT_PIN`.
 */
export async function sendSealed(
  connection: EnclaveConnection,
  request: {
    readonly path: string;
    readonly body: Uint8Array;
    readonly headers: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
): Promise<SealedAnswer> {
  const sealed: SealedRequest = await connection.sealer.seal(request.body);
  const response = await connection.transport.send({
    method: 'POST',
    path: request.path,
    headers: {
      'content-type': 'application/json',
      ...request.headers,
      [ehbpHeaders.encapsulatedKey]: sealed.encapsulatedKeyHex,
    },
    body: sealed.body,
    signal,
  });
  const nonceHex = response.headers.get(NONCE_HEADER) ?? null;
  if (nonceHex === null) return refusePlain(response);
  const digest = response.headers.get('x-aci-keyset-digest');
  return {
    status: response.status,
    headers: response.headers,
    body: sealed.openResponse(nonceHex, response.body, { signal }),
    openReceipt: async () => {
      const header = response.headers.get('dcml-receipt');
      return header === undefined ? null : sealed.openReceipt(nonceHex, header);
    },
    keysetChanged: digest !== undefined && digest !== connection.established.keysetDigest,
  };
}

/** A sealed JSON call. Also throws `CLIENT_ENCLAVE_REFUSED` (details.code) and `CLIENT_ENCLAVE_ANSWER`. */
export async function callEnclave<Value>(
  connection: EnclaveConnection,
  call: { readonly path: string; readonly body: JsonValue; decode(value: JsonValue): Value },
  signal: AbortSignal,
): Promise<Value> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(CALL_DEADLINE_MS)]);
  const body = encodeUtf8(canonicalizeJson(call.body));
  const answer = await sendSealed(connection, { path: call.path, body, headers: {} }, bounded);
  let value: JsonValue;
  try {
    value = parseJsonBytes(await readBounded(answer.body, MAX_JSON_BYTES), MAX_JSON_BYTES);
    if (answer.status === 200) return call.decode(value);
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw new ClientError('CLIENT_ENCLAVE_ANSWER', `the answer of ${call.path} cannot be read`, { cause });
  }
  const error = readErrorAnswer(value);
  if (error === null) throw new ClientError('CLIENT_ENCLAVE_ANSWER', `${call.path}: status ${answer.status}`);
  throw new ClientError('CLIENT_ENCLAVE_REFUSED', error.message, {
    details: { code: error.code, status: answer.status, advice: error.advice },
  });
}

/** The enclave's own code of a refusal, or null for other errors. */
export function refusalCode(error: unknown): string | null {
  if (!(error instanceof ClientError) || error.code !== 'CLIENT_ENCLAVE_REFUSED') return null;
  const code = error.details['code'];
  return typeof code === 'string' ? code : null;
}
