import { concatBytes } from '@dcml/core';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { ChannelError } from '../channel-error.ts';
import type { Secp256k1 } from '../secp256k1.ts';
import { addressOfPublicKey, joinSignature, trySplitSignature } from '../signature.ts';
import type { Signature } from '../types.ts';

function assertPrivateKey(privateKey: Uint8Array): void {
  if (privateKey.length !== 32 || !secp256k1.utils.isValidSecretKey(privateKey)) {
    throw new ChannelError('CHANNEL_KEY', 'not a secp256k1 private key');
  }
}

function recoverPublicKey(digest: Uint8Array, signature: Signature): Uint8Array | null {
  const split = trySplitSignature(signature);
  if (split === null) return null;
  const recovered = concatBytes(Uint8Array.of(split.recovery), split.compact);
  try {
    return secp256k1.Signature.fromBytes(recovered, 'recovered').recoverPublicKey(digest).toBytes(false);
  } catch {
    // Some r are the x of no point: such a signature fits no key.
    return null;
  }
}

/** The portable backend, over `@noble/curves`. */
export const nobleSecp256k1: Secp256k1 = {
  sign(digest, privateKey) {
    assertPrivateKey(privateKey);
    const bytes = secp256k1.sign(digest, privateKey, { prehash: false, lowS: true, format: 'recovered' });
    return joinSignature(bytes.subarray(1), bytes[0]!);
  },
  recoverPublicKey,
  recoverAddress(digest, signature) {
    const publicKey = recoverPublicKey(digest, signature);
    return publicKey === null ? null : addressOfPublicKey(publicKey);
  },
  addressOf(privateKey) {
    assertPrivateKey(privateKey);
    return addressOfPublicKey(secp256k1.getPublicKey(privateKey, false));
  },
};
