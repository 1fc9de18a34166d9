import type { Address } from '@dcml/core';
import type { Signature } from './types.ts';

/**
 * secp256k1 as an argument, so that the browser and the enclave may use different libraries.
 * Backends: `@dcml/channel/noble` (portable) and `@dcml/channel/native` (Node).
 */
export interface Secp256k1 {
  /** RFC 6979, low s. Throws `CHANNEL_KEY` on a private key that is not 32 bytes in 1..n-1. */
  sign(digest: Uint8Array, privateKey: Uint8Array): Signature;
  /** The uncompressed public key (65 bytes), or null when the signature is malformed or fits no key. */
  recoverPublicKey(digest: Uint8Array, signature: Signature): Uint8Array | null;
  /** The signer's account, or null when the signature is malformed or fits no key. */
  recoverAddress(digest: Uint8Array, signature: Signature): Address | null;
  /** Throws `CHANNEL_KEY`. */
  addressOf(privateKey: Uint8Array): Address;
}
