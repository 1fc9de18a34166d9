import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { concatBytes, toHex } from '@dcml/core';
import { digestMetadata, type GgufComponents } from '../gguf/gguf-components.ts';
import { defaultGgufLimits, type GgufHeader } from '../gguf/gguf-types.ts';
import { parseGgufPrefix } from '../gguf/parse-gguf.ts';
import { ModelError } from '../model-error.ts';

export interface HashedFile {
  readonly sha256: string;
  readonly size: number;
  readonly gguf: { readonly header: GgufHeader; readonly components: GgufComponents } | undefined;
}

export interface HashFileOptions {
  /** Called after each piece with the bytes of it. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const CHUNK = 1024 * 1024;

/** Watches the bytes of a file go by: finds a GGUF header at the front and hashes the weights behind it. */
class GgufWatcher {
  readonly #fileSize: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #nextAttempt = 0;
  #header: GgufHeader | undefined;
  #weights: Hash | undefined;
  #isOther = false;

  constructor(fileSize: number) {
    this.#fileSize = fileSize;
  }

  update(bytes: Uint8Array): void {
    if (this.#isOther) return;
    if (this.#weights !== undefined) {
      this.#weights.update(bytes);
      return;
    }
    // The caller reuses its buffer: what waits for the rest of the header must be a copy.
    this.#pending.push(bytes.slice());
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes < Math.min(this.#nextAttempt, this.#fileSize)) return;
    const front = concatBytes(...this.#pending);
    this.#pending = [front];
    this.#nextAttempt = 2 * front.length;
    if (front.length < 4 || new TextDecoder().decode(front.subarray(0, 4)) !== 'GGUF') {
      this.#isOther = true;
      this.#pending = [];
      return;
    }
    this.#header = parseGgufPrefix(front, this.#fileSize, defaultGgufLimits);
    if (this.#header === undefined) return;
    this.#weights = createHash('sha256').update(front.subarray(this.#header.directoryOffset));
    this.#pending = [];
  }

  result(): HashedFile['gguf'] {
    const header = this.#header;
    if (header === undefined || this.#weights === undefined) return undefined;
    const weights = toHex(this.#weights.digest());
    return { header, components: { weights, ...digestMetadata(header) } };
  }
}

/**
 * SHA-256 of a file and, when it is GGUF, of its parts, in one pass and bounded memory.
 * Throws `MODEL_CHANGED` when the file changes meanwhile, `MODEL_GGUF` when it only looks like GGUF, and the
 * signal's reason on abort.
 */
export async function hashFile(path: string, options: HashFileOptions = {}): Promise<HashedFile> {
  await using file = await open(path, 'r');
  const before = await file.stat();
  const whole = createHash('sha256');
  const watcher = new GgufWatcher(before.size);
  const buffer = new Uint8Array(Math.max(1, Math.min(CHUNK, before.size)));
  let size = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) break;
    const bytes = buffer.subarray(0, bytesRead);
    size += bytesRead;
    if (size > before.size) break;
    whole.update(bytes);
    watcher.update(bytes);
    options.onBytes?.(bytesRead);
  }
  const after = await file.stat();
  if (size !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
    throw new ModelError('MODEL_CHANGED', `${path} changed while it was read`, { details: { path } });
  }
  return { sha256: toHex(whole.digest()), size, gguf: watcher.result() };
}
