import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { toHex } from '@dcml/core';
import { CollateralError } from '../collateral-error.ts';
import { compareOrder, type DocumentOrder, decodeOrder, encodeOrder } from './document-order.ts';
import { createDurableFiles, type DurableFilesOptions } from './durable-files.ts';
import { decodeEntry, encodeEntry, MAX_ENTRY_BYTES } from './index-entry.ts';
import { removeGarbage } from './remove-garbage.ts';

/** The most bytes of a document. */
export const MAX_OBJECT_BYTES: number = 16 << 20;

const KEY = /^[a-z0-9]+(?:[_.-][a-z0-9]+)*$/;
const MAX_KEY = 200;

/** What the cache has for a key. */
export type CacheReading =
  | { readonly state: 'absent' }
  /** There was a document, of this order, and its bytes are no longer what they were. */
  | { readonly state: 'corrupt'; readonly order: DocumentOrder }
  | {
      readonly state: 'present';
      readonly order: DocumentOrder;
      readonly bytes: Uint8Array;
      readonly sha256: string;
    };

/**
 * Documents on disk under their SHA-256, with the newest of each key. Whoever stores has authenticated the document;
 * the order is from its signed content. Several processes may share the directory.
 */
export interface CollateralCache {
  readonly directory: string;
  /** Throws `COLLATERAL_CACHE`. */
  read(key: string): Promise<CacheReading>;
  /**
   * Stores a document that is not older than any that this key has had, else throws `COLLATERAL_ROLLBACK` and changes
   * nothing. When it returns the document survives a loss of power. Throws `COLLATERAL_CACHE`. Returns the SHA-256.
   */
  store(key: string, order: DocumentOrder, bytes: Uint8Array): Promise<string>;
}

function hash(bytes: Uint8Array): string {
  return toHex(createHash('sha256').update(bytes).digest());
}

function assertKey(key: string): void {
  if (key.length > MAX_KEY || !KEY.test(key)) throw new TypeError(`cache key ${JSON.stringify(key)}`);
}

/** Orders of the entries in a directory, newest first. */
function ordersOf(names: readonly string[]): DocumentOrder[] {
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => decodeOrder(name.slice(0, -'.json'.length)))
    .filter((order) => order !== undefined)
    .sort((a, b) => compareOrder(b, a));
}

async function guarded<Value>(directory: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (!(cause instanceof Error) || cause instanceof CollateralError || code === undefined) throw cause;
    throw new CollateralError('COLLATERAL_CACHE', `cache ${directory}: ${code}`, { cause });
  }
}

/**
 * Opens a cache, making the directory where it is missing, and removes what a killed process left behind. There is no
 * lock: the newest entry counts, by the order in its name, so that a late writer of an older one changes nothing.
 * Throws `COLLATERAL_CACHE`.
 */
export async function openCollateralCache(
  directory: string,
  options: DurableFilesOptions = {},
): Promise<CollateralCache> {
  const base = resolve(directory);
  const objects = join(base, 'objects');
  const index = join(base, 'index');
  const temporary = join(base, 'temporary');
  const files = createDurableFiles(temporary, options);

  const objectPath = (sha256: string): string => join(objects, sha256);
  const entryPath = (key: string, order: DocumentOrder): string =>
    join(index, key, `${encodeOrder(order)}.json`);

  const newest = async (key: string): Promise<DocumentOrder | undefined> =>
    ordersOf(await files.list(join(index, key)))[0];

  const readNewest = async (key: string): Promise<CacheReading> => {
    const order = await newest(key);
    if (order === undefined) return { state: 'absent' };
    const content = await files.read(entryPath(key, order), MAX_ENTRY_BYTES);
    const entry = content && decodeEntry(content, key);
    const bytes = entry && (await files.read(objectPath(entry.sha256), MAX_OBJECT_BYTES));
    if (bytes !== undefined && hash(bytes) === entry?.sha256) {
      return { state: 'present', order, bytes, sha256: entry.sha256 };
    }
    // Another process may have put a newer one in its place meanwhile.
    const now = await newest(key);
    if (now !== undefined && compareOrder(now, order) > 0) return readNewest(key);
    return { state: 'corrupt', order };
  };

  await guarded(base, async () => {
    for (const path of [objects, index, temporary]) await files.ensureDirectory(path);
    await removeGarbage(files, { objects, index, temporary }, Date.now());
  });

  return {
    directory: base,
    read: (key) => {
      assertKey(key);
      return guarded(base, () => readNewest(key));
    },
    store: (key, order, bytes) => {
      assertKey(key);
      return guarded(base, async () => {
        if (bytes.length > MAX_OBJECT_BYTES) throw new TypeError('document is too long for the cache');
        const before = await newest(key);
        if (before !== undefined && compareOrder(order, before) < 0) {
          throw new CollateralError('COLLATERAL_ROLLBACK', `${key}: an older document than the stored one`, {
            details: { stored: before.join('-'), offered: order.join('-') },
          });
        }
        const sha256 = hash(bytes);
        // The object first: an entry never names what is not there yet.
        await files.write(objectPath(sha256), bytes);
        await files.ensureDirectory(join(index, key));
        await files.write(entryPath(key, order), encodeEntry({ key, sha256 }));
        for (const old of ordersOf(await files.list(join(index, key))).slice(1)) {
          await files.remove(entryPath(key, old));
        }
        return sha256;
      });
    },
  };
}
