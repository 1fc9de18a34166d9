import { toBase64Url, toHex } from '@dcml/core';
import { encodeFrame } from './frames.ts';
import { NonceSequence, type ResponseKeys } from './response-keys.ts';
import type { SyncTransportCrypto } from './transport-crypto.ts';
import { TransportError } from './transport-error.ts';

/** Seals one answer. Everything here is synchronous. */
export interface ResponseSealer {
  /** The value of `Ehbp-Response-Nonce`. */
  readonly nonceHex: string;
  /** One frame: length, ciphertext, tag. Frames go out in the order they were sealed. */
  seal(chunk: Uint8Array): Uint8Array;
  /** The sealed value of the `DCML-Receipt` header. Once per answer: throws `TRANSPORT_SEQUENCE` the second time. */
  sealReceipt(receipt: Uint8Array): string;
}

export function createResponseSealer(
  crypto: SyncTransportCrypto,
  responseNonce: Uint8Array,
  body: ResponseKeys,
  receipt: ResponseKeys,
): ResponseSealer {
  const cipher = crypto.createAesGcm(body.key);
  const nonces = new NonceSequence(body.nonceBase);
  let receiptSealed = false;
  return {
    nonceHex: toHex(responseNonce),
    seal: (chunk) => encodeFrame(cipher.seal(nonces.next(), chunk)),
    sealReceipt: (bytes) => {
      if (receiptSealed)
        throw new TransportError('TRANSPORT_SEQUENCE', 'the receipt header was sealed before');
      receiptSealed = true;
      return toBase64Url(crypto.createAesGcm(receipt.key).seal(receipt.nonceBase, bytes));
    },
  };
}
