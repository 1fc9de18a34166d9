import bindings from 'secp256k1/bindings.js';
import { ChannelError } from '../channel-error.ts';
import type { Secp256k1 } from '../secp256k1.ts';
import { addressOfPublicKey, joinSignature, trySplitSignature } from '../signature.ts';
import type { Signature } from '../types.ts';

function assertPrivateKey(privateKey: Uint8Array): void {
  if (privateKey.length !== 32 || !bindings.privateKeyVerify(privateKey)) {
    throw new ChannelError('CHANNEL_KEY', 'not a secp256k1 private key');
  }
}

function recoverPublicKey(digest: Uint8Array, signature: Signature): Uint8Array | null {
  const split = trySplitSignature(signature);
  if (split === null) return null;
  try {
    return bindings.ecdsaRecover(split.compact, split.recovery, digest, false);
  } catch {
    // Some r are the x of no point: such a signature fits no key.
    return null;
  }
}

/** The fast backend, over libsecp256k1 as npm `secp256k1` ships it. Node only. */
export const nativeSecp256k1: Secp256k1 = {
  sign(digest, privateKey) {
    assertPrivateKey(privateKey);
    const { signature, recid } = bindings.ecdsaSign(digest, privateKey);
    return joinSignature(signature, recid);
  },
  recoverPublicKey,
  recoverAddress(digest, signature) {
    const publicKey = recoverPublicKey(digest, signature);
    return publicKey === null ? null : addressOfPublicKey(publicKey);
  },
  addressOf(privateKey) {
    assertPrivateKey(privateKey);
    return addressOfPublicKey(bindings.publicKeyCreate(privateKey, false));
  },
};
