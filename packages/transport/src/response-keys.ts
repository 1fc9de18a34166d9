import { concatBytes, encodeUtf8 } from '@dcml/core';
import { KEY_BYTES, NONCE_BYTES } from './ehbp-constants.ts';
import type { TransportCrypto } from './transport-crypto.ts';
import { TransportError } from './transport-error.ts';

export interface ResponseKeys {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes; chunk i uses it XOR i. */
  readonly nonceBase: Uint8Array;
}

/** EHBP section 4.4.1, steps 3 and 4: from the exported secret, the encapsulated key and the response nonce. */
export async function deriveResponseKeys(
  crypto: Pick<TransportCrypto, 'kdf'>,
  secret: Uint8Array,
  encapsulatedKey: Uint8Array,
  responseNonce: Uint8Array,
): Promise<ResponseKeys> {
  const prk = await crypto.kdf.Extract(concatBytes(encapsulatedKey, responseNonce), secret);
  return {
    key: await crypto.kdf.Expand(prk, encodeUtf8('key'), KEY_BYTES),
    nonceBase: await crypto.kdf.Expand(prk, encodeUtf8('nonce'), NONCE_BYTES),
  };
}

/** The nonces of one direction, each handed out once. */
export class NonceSequence {
  readonly #base: Uint8Array;
  #next: number;

  constructor(base: Uint8Array, first = 0) {
    this.#base = base;
    this.#next = first;
  }

  /** Base XOR the big-endian count (EHBP section 4.4.1, step 5). Throws `TRANSPORT_SEQUENCE` after 2^32. */
  next(): Uint8Array {
    if (this.#next >= 2 ** 32) throw new TransportError('TRANSPORT_SEQUENCE', 'frame numbers are used up');
    const nonce = this.#base.slice();
    const view = new DataView(nonce.buffer);
    view.setUint32(NONCE_BYTES - 4, (view.getUint32(NONCE_BYTES - 4) ^ this.#next++) >>> 0);
    return nonce;
  }
}
