import { concatBytes, encodeUtf8, fromBase64Url, fromHex, toHex } from '@dcml/core';
import type { SenderContext } from 'hpke';
import type { ByteSource } from './abortable.ts';
import {
  credentialLabel,
  defaultResponseLimits,
  type FrameLimits,
  KEY_BYTES,
  receiptLabel,
  requestInfo,
  responseLabel,
} from './ehbp-constants.ts';
import { encodeFrame } from './frames.ts';
import { openFrames } from './open-response.ts';
import { deriveResponseKeys, type ResponseKeys } from './response-keys.ts';
import type { TransportCrypto } from './transport-crypto.ts';
import { TransportError } from './transport-error.ts';

/** Large enough that framing costs nothing, small enough for any receiver's frame limit. */
const REQUEST_CHUNK_BYTES = 256 << 10;

export interface SealRequestOptions {
  readonly crypto: TransportCrypto;
  /** The 32-byte X25519 key that the verified keyset lists. */
  readonly publicKey: Uint8Array;
  /** Not empty. */
  readonly body: Uint8Array;
}

export interface OpenResponseOptions {
  /** The end of waiting for the next byte. */
  readonly signal: AbortSignal;
  readonly limits?: FrameLimits;
}

/** A sealed request, and what opens its answer and no other. */
export interface SealedRequest {
  /** The value of `Ehbp-Encapsulated-Key`. */
  readonly encapsulatedKeyHex: string;
  /** The body to send: frames. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Fetches the receipt of this exchange later, as `Authorization: Bearer`. */
  readonly receiptCredential: string;
  /**
   * The plaintext of the answer. `nonceHex` is its `Ehbp-Response-Nonce` header; null or malformed is refused,
   * since an answer that is not sealed is not the service's. Throws `TRANSPORT_RESPONSE_NONCE`, `TRANSPORT_RESPONSE`.
   */
  openResponse(
    nonceHex: string | null,
    source: ByteSource,
    options: OpenResponseOptions,
  ): AsyncGenerator<Uint8Array, void>;
  /** The receipt bytes of a sealed `DCML-Receipt` header. Throws `TRANSPORT_RECEIPT_HEADER`. */
  openReceipt(nonceHex: string | null, header: string): Promise<Uint8Array>;
  /** RFC 9180 section 5.3. */
  exportSecret(label: string, length: number): Promise<Uint8Array>;
}

function parseNonce(nonceHex: string | null): Uint8Array {
  if (nonceHex === null || !/^[0-9a-f]{64}$/.test(nonceHex)) {
    throw new TransportError(
      'TRANSPORT_RESPONSE_NONCE',
      nonceHex === null ? 'the answer is not sealed' : 'expected 64 lowercase hex digits',
    );
  }
  return fromHex(nonceHex);
}

async function sealFrames(context: SenderContext, body: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += REQUEST_CHUNK_BYTES) {
    frames.push(encodeFrame(await context.Seal(body.subarray(at, at + REQUEST_CHUNK_BYTES))));
  }
  return concatBytes(...frames);
}

/** One encapsulated key and what is sealed under it. */
interface SetUp {
  readonly encapsulatedKey: Uint8Array;
  readonly context: SenderContext;
}

async function setUp(options: Omit<SealRequestOptions, 'body'>): Promise<SetUp> {
  const { suite } = options.crypto;
  try {
    const recipient = await suite.DeserializePublicKey(options.publicKey);
    const { encapsulatedSecret, ctx } = await suite.SetupSender(recipient, { info: requestInfo });
    return { encapsulatedKey: encapsulatedSecret, context: ctx };
  } catch (cause) {
    throw new TransportError('TRANSPORT_SEAL', 'the public key cannot be sealed to', { cause });
  }
}

/** Seals a request body (EHBP section 5.1) under one HPKE set-up. Throws `TRANSPORT_SEAL`. */
export async function sealRequest(options: SealRequestOptions): Promise<SealedRequest> {
  return sealUnder(options.crypto, await setUp(options), options.body);
}

/** Seals many requests to one key. */
export interface RequestSealer {
  /** As `sealRequest`, under a set-up of its own. Throws `TRANSPORT_SEAL`. */
  seal(body: Uint8Array): Promise<SealedRequest>;
}

/**
 * Makes the set-up of the next request while the current one is on its way: most of the cost of sealing, and it does
 * not depend on the body. Every set-up serves one request.
 */
export function createRequestSealer(options: Omit<SealRequestOptions, 'body'>): RequestSealer {
  const prepare = (): Promise<SetUp> => {
    const setup = setUp(options);
    setup.catch(() => {}); // reported to the request that uses it
    return setup;
  };
  let next: Promise<SetUp> | null = null;
  return {
    async seal(body) {
      const current = next ?? prepare();
      next = null;
      const sealed = await sealUnder(options.crypto, await current, body);
      // In a later turn: this request goes out first.
      setTimeout(() => {
        next ??= prepare();
      }, 0);
      return sealed;
    },
  };
}

async function sealUnder(
  crypto: TransportCrypto,
  { encapsulatedKey, context }: SetUp,
  body: Uint8Array,
): Promise<SealedRequest> {
  if (body.length === 0) throw new TransportError('TRANSPORT_SEAL', 'a body is needed to seal a request');
  const keysFor = async (label: Uint8Array, nonceHex: string | null): Promise<ResponseKeys> => {
    const nonce = parseNonce(nonceHex);
    return deriveResponseKeys(crypto, await context.Export(label, KEY_BYTES), encapsulatedKey, nonce);
  };
  return {
    encapsulatedKeyHex: toHex(encapsulatedKey),
    body: await sealFrames(context, body),
    receiptCredential: toHex(await context.Export(credentialLabel, KEY_BYTES)),
    openResponse: async function* (nonceHex, source, { signal, limits = defaultResponseLimits }) {
      yield* openFrames(crypto, await keysFor(responseLabel, nonceHex), source, limits, signal);
    },
    openReceipt: async (nonceHex, header) => {
      const keys = await keysFor(receiptLabel, nonceHex);
      const cipher = await crypto.createAesGcm(keys.key);
      try {
        return await cipher.open(keys.nonceBase, fromBase64Url(header, 'DCML-Receipt'));
      } catch (cause) {
        throw new TransportError('TRANSPORT_RECEIPT_HEADER', 'the receipt header does not open', { cause });
      }
    },
    exportSecret: (label, length) => context.Export(encodeUtf8(label), length),
  };
}
