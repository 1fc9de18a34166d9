import { join } from 'node:path';
import { decodeUtf8, Fields, isDcmlError, parseJson } from '@dcml/core';
import type { DurableFiles } from './durable-files.ts';
import { MAX_ENTRY_BYTES } from './index-entry.ts';

/** Younger files may belong to a process at work. */
const GRACE_MS = 3_600_000;

export interface CacheDirectories {
  readonly objects: string;
  readonly index: string;
  readonly temporary: string;
}

function namedObject(entry: Uint8Array): string | undefined {
  try {
    return new Fields(parseJson(decodeUtf8(entry)), 'entry').string('sha256');
  } catch (error) {
    if (isDcmlError(error)) return undefined;
    throw error;
  }
}

async function removeOld(files: DurableFiles, paths: readonly string[], nowMs: number): Promise<void> {
  for (const path of paths) {
    const modified = await files.modifiedMs(path);
    if (modified !== undefined && nowMs - modified > GRACE_MS) await files.remove(path);
  }
}

/** Removes drafts of processes that died, and objects that no entry names. Entries stay: they say how new we were. */
export async function removeGarbage(
  files: DurableFiles,
  { objects, index, temporary }: CacheDirectories,
  nowMs: number,
): Promise<void> {
  const named = new Set<string>();
  for (const key of await files.list(index)) {
    for (const name of await files.list(join(index, key))) {
      const entry = await files.read(join(index, key, name), MAX_ENTRY_BYTES);
      const sha256 = entry && namedObject(entry);
      if (sha256 !== undefined) named.add(sha256);
    }
  }
  const drafts = (await files.list(temporary)).map((name) => join(temporary, name));
  const orphans = (await files.list(objects)).filter((name) => !named.has(name));
  await removeOld(files, [...drafts, ...orphans.map((name) => join(objects, name))], nowMs);
}
