import { aggregatePublicKeys, PublicKey, Signature, verify } from '@chainsafe/blst';
import type { BlsVerifier } from './bls-verifier.ts';

/** Keys of one sync committee are used for a day: 512 of the current one and 512 of the next, with room to spare. */
const MAX_REMEMBERED_KEYS = 4096;

/**
 * BLS12-381 by the native library blst. Each public key is decompressed and checked to be in the group once, then
 * remembered by its bytes: that is nine tenths of the work of a committee's signature.
 */
export function createNativeBls(): BlsVerifier {
  const known = new Map<string, PublicKey>();
  const keyOf = (bytes: Uint8Array): PublicKey => {
    const name = Buffer.from(bytes).toString('latin1');
    const remembered = known.get(name);
    if (remembered !== undefined) return remembered;
    const key = PublicKey.fromBytes(bytes, true);
    if (known.size >= MAX_REMEMBERED_KEYS) known.clear();
    known.set(name, key);
    return key;
  };
  return {
    fastAggregateVerify(publicKeys, message, signature) {
      if (publicKeys.length === 0) return false;
      try {
        const aggregate = aggregatePublicKeys(publicKeys.map(keyOf), false);
        return verify(message, aggregate, Signature.fromBytes(signature, true), true, false);
      } catch {
        return false;
      }
    },
  };
}
