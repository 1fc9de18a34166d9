import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DevnetError } from '../devnet-error.ts';

async function withHandle(
  path: string,
  flags: string,
  mode: number,
  task: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await open(path, flags, mode);
  try {
    await task(handle);
  } finally {
    await handle.close();
  }
}

/**
 * Replaces a file so that after a crash at any moment the old or the new content is there, whole.
 * Readable by the owner only. Throws `DEVNET_CHAIN_STATE`.
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await withHandle(temporary, 'w', 0o600, async (handle) => {
      await handle.writeFile(text);
      await handle.sync();
    });
    await rename(temporary, path);
    // The rename itself lives in the directory.
    await withHandle(dirname(path), 'r', 0, (handle) => handle.sync());
  } catch (cause) {
    throw new DevnetError('DEVNET_CHAIN_STATE', `cannot write ${path}`, { cause });
  }
}

/** A file's text, or null when there is none. Throws `DEVNET_CHAIN_STATE`. */
export async function readIfPresent(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new DevnetError('DEVNET_CHAIN_STATE', `cannot read ${path}`, { cause });
  }
}
