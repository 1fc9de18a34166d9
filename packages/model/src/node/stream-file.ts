import { ModelError } from '../model-error.ts';
import { withFile } from './with-file.ts';

export interface StreamFileOptions {
  /** Called after each piece with the bytes of it. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const CHUNK = 1024 * 1024;

/**
 * Hands every byte of a file to `visit`, in pieces of one buffer that is used again. Returns the
 * size of the file. Throws `MODEL_CHANGED` when the file changes meanwhile, and the signal's reason on abort.
 */
export async function streamFile(
  path: string,
  options: StreamFileOptions,
  visit: (bytes: Uint8Array, fileSize: number) => void,
): Promise<number> {
  return await withFile(path, 'r', async (file) => {
    const before = await file.stat();
    const buffer = new Uint8Array(Math.max(1, Math.min(CHUNK, before.size)));
    let size = 0;
    for (;;) {
      options.signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      size += bytesRead;
      if (bytesRead === 0 || size > before.size) break;
      visit(buffer.subarray(0, bytesRead), before.size);
      options.onBytes?.(bytesRead);
    }
    const after = await file.stat();
    if (size !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw new ModelError('MODEL_CHANGED', `${path} changed while it was read`, { details: { path } });
    }
    return size;
  });
}
