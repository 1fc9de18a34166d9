import { sha256 as nobleSha256, sha384 as nobleSha384, sha512 as nobleSha512 } from '@noble/hashes/sha2.js';
import { toHex } from './hex.ts';

/** FIPS 180-4. For bulk data in Node use a `Hasher` over node:crypto instead. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}

export function sha384(bytes: Uint8Array): Uint8Array {
  return nobleSha384(bytes);
}

export function sha512(bytes: Uint8Array): Uint8Array {
  return nobleSha512(bytes);
}

/** `sha256:` and lowercase hex: the digest text of ACI (appendix A). */
export type DigestText = `sha256:${string}`;

export function digestText(digest: Uint8Array): DigestText {
  return `sha256:${toHex(digest)}`;
}

/** An incremental hash. */
export interface Hasher {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

export function createSha256(): Hasher {
  return nobleSha256.create();
}
