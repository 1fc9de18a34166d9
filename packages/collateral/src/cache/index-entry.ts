import { decodeUtf8, encodeUtf8, Fields, isDcmlError, parseJson } from '@dcml/core';

/** What the index says about the newest document of a key, beside its order, which is the entry's name. */
export interface IndexEntry {
  readonly key: string;
  /** Lowercase hex: the name of the object. */
  readonly sha256: string;
}

const HASH = /^[0-9a-f]{64}$/;

/** The most bytes of an entry. */
export const MAX_ENTRY_BYTES = 1024;

export function encodeEntry({ key, sha256 }: IndexEntry): Uint8Array {
  return encodeUtf8(`${JSON.stringify({ version: 1, key, sha256 })}\n`);
}

/** Undefined unless the bytes are an entry of this key. */
export function decodeEntry(bytes: Uint8Array, key: string): IndexEntry | undefined {
  try {
    const fields = new Fields(parseJson(decodeUtf8(bytes)), 'entry');
    fields.integer('version', 1, 1);
    const entry = { key: fields.string('key'), sha256: fields.string('sha256') };
    fields.done();
    return entry.key === key && HASH.test(entry.sha256) ? entry : undefined;
  } catch (error) {
    if (isDcmlError(error)) return undefined;
    throw error;
  }
}
