import type { FileHandle } from 'node:fs/promises';
import { ModelError } from '../../model-error.ts';
import { withFile } from '../with-file.ts';
import { assertSpace } from './disk.ts';
import { discardPart } from './download-https.ts';
import type { PullContext } from './pull-context.ts';

async function copyOpened(context: PullContext, path: string, from: FileHandle): Promise<void> {
  const { model, source, signal } = context;
  const { size } = await from.stat();
  if (size !== model.sizeBytes) {
    throw new ModelError(
      'MODEL_SOURCE_HASH',
      `${path}: has ${size} bytes, the pinned file has ${model.sizeBytes}`,
    );
  }
  await assertSpace(context.cacheDir, size, context.freeBytes);
  await discardPart(context.partPath);
  await withFile(context.partPath, 'wx', async (part) => {
    const buffer = new Uint8Array(1024 * 1024);
    for (let doneBytes = 0; ; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await from.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      await part.writeFile(buffer.subarray(0, bytesRead));
      doneBytes += bytesRead;
      context.onProgress({ phase: 'download', source, doneBytes, totalBytes: size });
    }
  });
}

/** Fills the part file from a file of this machine. Throws `MODEL_SOURCE`, `MODEL_SOURCE_HASH`, `MODEL_DISK_FULL`. */
export async function copyFile(context: PullContext, path: string): Promise<void> {
  let isOpen = false;
  try {
    await withFile(path, 'r', async (from) => {
      isOpen = true;
      await copyOpened(context, path, from);
    });
  } catch (cause) {
    if (isOpen) throw cause;
    throw new ModelError('MODEL_SOURCE', `${path}: cannot be opened`, { cause });
  }
}
