import { createHash } from 'node:crypto';
import { toHex } from '@dcml/core';
import { type GgufParts, GgufWatcher } from './gguf-watcher.ts';
import { type StreamFileOptions, streamFile } from './stream-file.ts';

export interface HashedFile {
  /** Lowercase hex. */
  readonly sha256: string;
  readonly size: number;
  /** For a GGUF file. */
  readonly gguf: GgufParts | undefined;
}

/**
 * SHA-256 of a file and, when it is GGUF, of its parts, in one pass and bounded memory.
 * Throws `MODEL_GGUF` and `MODEL_GGUF_LIMIT` when it only looks like GGUF, and what `streamFile` throws.
 */
export async function hashFile(path: string, options: StreamFileOptions = {}): Promise<HashedFile> {
  const whole = createHash('sha256');
  const watcher = new GgufWatcher();
  const size = await streamFile(path, options, (bytes, fileSize) => {
    whole.update(bytes);
    watcher.update(bytes, fileSize);
  });
  return { sha256: toHex(whole.digest()), size, gguf: watcher.result() };
}

/** SHA-256 of a file whatever it holds, lowercase hex. Throws what `streamFile` throws. */
export async function digestFile(path: string, options: StreamFileOptions = {}): Promise<string> {
  const whole = createHash('sha256');
  await streamFile(path, options, (bytes) => whole.update(bytes));
  return toHex(whole.digest());
}
