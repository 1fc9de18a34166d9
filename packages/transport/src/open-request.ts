import { concatBytes, encodeUtf8, fromHex, type Random, systemRandom, toHex } from '@dcml/core';
import type { RecipientContext } from 'hpke';
import { type ByteSource, readPieces } from './abortable.ts';
import {
  credentialLabel,
  defaultRequestLimits,
  type FrameLimits,
  KEY_BYTES,
  RESPONSE_NONCE_BYTES,
  receiptLabel,
  requestInfo,
  responseLabel,
} from './ehbp-constants.ts';
import { FrameDecoder } from './frames.ts';
import type { ReplayGuard } from './replay-guard.ts';
import { deriveResponseKeys } from './response-keys.ts';
import { createResponseSealer, type ResponseSealer } from './response-sealer.ts';
import type { SyncTransportCrypto, TransportKey } from './transport-crypto.ts';
import { TransportError } from './transport-error.ts';

export interface OpenRequestOptions {
  readonly crypto: SyncTransportCrypto;
  readonly key: TransportKey;
  /** The `Ehbp-Encapsulated-Key` header. */
  readonly encapsulatedKeyHex: string;
  readonly body: ByteSource;
  readonly replayGuard: ReplayGuard;
  /** The deadline for the whole body. */
  readonly signal: AbortSignal;
  readonly limits?: FrameLimits;
  readonly random?: Random;
}

/** A request that was opened, and what seals its answer. */
export interface OpenedRequest {
  readonly plaintext: Uint8Array<ArrayBuffer>;
  /** 64 hex digits that only the sender of this request knows: fetches its receipt later. */
  readonly receiptCredential: string;
  /** Keys of one answer, under a fresh nonce. */
  sealResponse(): Promise<ResponseSealer>;
  /** RFC 9180 section 5.3; the label must be none of EHBP's. */
  exportSecret(label: string, length: number): Promise<Uint8Array>;
}

// EHBP section 5.4.4: one error for everything that could tell about keys or plaintext.
function refuse(cause: unknown): never {
  throw new TransportError('TRANSPORT_OPEN', 'the sealed request cannot be opened', { cause });
}

async function openBody(
  context: RecipientContext,
  options: OpenRequestOptions,
  limits: FrameLimits,
): Promise<Uint8Array<ArrayBuffer>> {
  const decoder = new FrameDecoder(limits.maxFrameBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const piece of readPieces(options.body, options.signal)) {
    for (const frame of decoder.push(piece)) {
      const chunk = await context.Open(frame).catch(refuse);
      length += chunk.length;
      if (length > limits.maxBodyBytes) {
        throw new TransportError('TRANSPORT_TOO_LARGE', `body is over ${limits.maxBodyBytes} bytes`);
      }
      chunks.push(chunk);
    }
  }
  decoder.end();
  // EHBP section 7.4: only an authenticated, non-empty body proves that its sender made the encapsulated key.
  if (length === 0) throw new TransportError('TRANSPORT_FRAMING', 'a sealed request needs a body');
  return concatBytes(...chunks);
}

/**
 * Opens a sealed request (EHBP section 5.2) and takes its encapsulated key from the replay guard, so that nothing
 * is done twice for one sealed request. Answer a throw with `toUniformRefusal`.
 * Throws `TRANSPORT_ENCAPSULATED_KEY`, `TRANSPORT_FRAMING`, `TRANSPORT_TOO_LARGE`, `TRANSPORT_OPEN`,
 * `TRANSPORT_REPLAYED`, `TRANSPORT_REPLAY_GUARD_FULL`, or the signal's reason.
 */
export async function openRequest(options: OpenRequestOptions): Promise<OpenedRequest> {
  const { crypto, key, encapsulatedKeyHex, replayGuard } = options;
  if (!/^[0-9a-f]{64}$/.test(encapsulatedKeyHex)) {
    throw new TransportError('TRANSPORT_ENCAPSULATED_KEY', 'expected 64 lowercase hex digits');
  }
  const encapsulatedKey = fromHex(encapsulatedKeyHex);
  const context = await crypto.suite
    .SetupRecipient(key.keyPair, encapsulatedKey, { info: requestInfo })
    .catch(refuse);
  const plaintext = await openBody(context, options, options.limits ?? defaultRequestLimits);
  replayGuard.claim(encapsulatedKeyHex);
  const random = options.random ?? systemRandom;
  return {
    plaintext,
    receiptCredential: toHex(await context.Export(credentialLabel, KEY_BYTES)),
    sealResponse: async () => {
      const responseNonce = random.bytes(RESPONSE_NONCE_BYTES);
      const keysFor = async (label: Uint8Array): ReturnType<typeof deriveResponseKeys> =>
        deriveResponseKeys(crypto, await context.Export(label, KEY_BYTES), encapsulatedKey, responseNonce);
      return createResponseSealer(
        crypto,
        responseNonce,
        await keysFor(responseLabel),
        await keysFor(receiptLabel),
      );
    },
    exportSecret: (label, length) => context.Export(encodeUtf8(label), length),
  };
}
