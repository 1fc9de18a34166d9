import { equalBytes, toHex } from '@dcml/core';
import type { PublicKey } from '../x509/public-key.ts';
import { type SignatureCheck, verifySignature } from '../x509/verify-signature.ts';

interface Remembered {
  readonly message: Uint8Array;
  readonly result: Promise<boolean>;
}

const keyBytes = (key: PublicKey): Uint8Array => (key.type === 'ec' ? key.point : key.spki);

/**
 * A signature check that answers the same question once. Whether a signature is right depends on nothing but these
 * bytes, so the answer holds for every device whose chain shares a certificate. At most `maxEntries` are kept, the
 * oldest is forgotten first; a check that threw is not kept.
 */
export function rememberSignatures(maxEntries: number): SignatureCheck {
  const known = new Map<string, Remembered>();
  return (key, algorithm, signature, message) => {
    const name = `${algorithm} ${toHex(keyBytes(key))} ${toHex(signature)}`;
    const found = known.get(name);
    if (found !== undefined && equalBytes(found.message, message)) return found.result;
    const result = verifySignature(key, algorithm, signature, message);
    known.delete(name);
    known.set(name, { message: Uint8Array.from(message), result });
    result.catch(() => known.delete(name));
    for (const oldest of known.keys()) {
      if (known.size <= maxEntries) break;
      known.delete(oldest);
    }
    return result;
  };
}
