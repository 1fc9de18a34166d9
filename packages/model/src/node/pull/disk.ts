import { statfs } from 'node:fs/promises';
import { ModelError } from '../../model-error.ts';

/** Free bytes of the file system that holds a directory. */
export type FreeBytes = (directory: string) => Promise<number>;

export const freeBytesOfDisk: FreeBytes = async (directory) => {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
};

/** Throws `MODEL_DISK_FULL` unless `needed` bytes are free. */
export async function assertSpace(directory: string, needed: number, freeBytes: FreeBytes): Promise<void> {
  const free = await freeBytes(directory);
  if (free >= needed) return;
  throw new ModelError('MODEL_DISK_FULL', `${directory}: ${needed} bytes are needed, ${free} are free`, {
    details: { directory, needed, free },
  });
}

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const NOT_WRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENAMETOOLONG']);

/** A file system error of the cache directory as a typed one; undefined when `error` is something else. */
export function asDiskError(error: unknown): ModelError | undefined {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === undefined) return undefined;
  const where = path ?? 'the cache directory';
  if (NO_SPACE.has(code)) {
    return new ModelError('MODEL_DISK_FULL', `the disk filled up while a model was written (${code})`, {
      cause: error,
    });
  }
  if (!NOT_WRITABLE.has(code)) return undefined;
  return new ModelError('MODEL_CACHE', `${where} cannot be written (${code})`, { cause: error });
}
