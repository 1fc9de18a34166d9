import { type FileHandle, open } from 'node:fs/promises';

/** Opens a file for the time of `work` and closes it whatever happens. */
export async function withFile<Result>(
  path: string,
  flags: string,
  work: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, flags);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
