import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A moment between two changes of the disk, after which the process may be gone. */
export type StorageStep = 'temporary-open' | 'temporary-written' | 'renamed' | 'directory-synced' | 'removed';

export interface DurableFilesOptions {
  /** For tests: called at each step of each change. */
  readonly onStep?: (step: StorageStep) => void;
}

/** Files that are either there whole or not at all, below one directory. Throws the errors of the file system. */
export interface DurableFiles {
  /** Creates a directory with its parents, readable by this user only. */
  ensureDirectory(path: string): Promise<void>;
  /** Creates or replaces a file: when this returns it survives a loss of power. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** The content, or undefined if there is no such file or it is longer than `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Names in a directory; none if there is no such directory. */
  list(path: string): Promise<string[]>;
  /** Milliseconds since 1970, or undefined if there is no such file. */
  modifiedMs(path: string): Promise<number | undefined>;
  /** Removes a file, if it is there. */
  remove(path: string): Promise<void>;
}

async function unlessMissing<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** `temporary` is a directory on the same file system for files in the making. */
export function createDurableFiles(temporary: string, options: DurableFilesOptions = {}): DurableFiles {
  const step = options.onStep ?? (() => undefined);
  return {
    async ensureDirectory(path) {
      await mkdir(path, { recursive: true, mode: 0o700 });
    },
    async write(path, bytes) {
      const draft = join(temporary, randomBytes(16).toString('hex'));
      const handle = await open(draft, 'wx', 0o600);
      try {
        step('temporary-open');
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      step('temporary-written');
      await rename(draft, path);
      step('renamed');
      await syncDirectory(dirname(path));
      step('directory-synced');
    },
    async read(path, maxBytes) {
      const found = await unlessMissing(stat(path));
      if (found === undefined || !found.isFile() || found.size > maxBytes) return undefined;
      return unlessMissing(readFile(path));
    },
    async list(path) {
      return (await unlessMissing(readdir(path))) ?? [];
    },
    async modifiedMs(path) {
      return (await unlessMissing(stat(path)))?.mtimeMs;
    },
    async remove(path) {
      await unlessMissing(unlink(path));
      step('removed');
    },
  };
}
