import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { NetworkError } from './network-error.ts';

/** Exclusive use of a home directory; ends with `release` or with the process, even by SIGKILL. */
export interface HomeLock {
  /** Idempotent. */
  release(): void;
}

/** Collecting a database closes it: a lock must last as long as its process, whether anybody keeps it or not. */
const held = new Set<DatabaseSync>();

function isBusy(error: unknown): boolean {
  // SQLITE_BUSY is result code 5 (sqlite.org/rescode.html).
  return error instanceof Error && (error as Error & { errcode?: number }).errcode === 5;
}

/**
 * Takes the home directory for this process, or returns undefined when another process has it.
 * The lock is SQLite's own file lock, since Node has no flock: the kernel drops it when the process dies, so
 * no stale lock file can remain. Throws `NETWORK_HOME_UNUSABLE`.
 */
function tryLockHome(home: string): HomeLock | undefined {
  let database: DatabaseSync;
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(join(home, 'lock.db'));
  } catch (cause) {
    throw new NetworkError('NETWORK_HOME_UNUSABLE', `${home}: cannot be used as home directory`, { cause });
  }
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    if (isBusy(cause)) return undefined;
    throw new NetworkError('NETWORK_HOME_UNUSABLE', `${home}: cannot be locked`, { cause });
  }
  held.add(database);
  return {
    release: () => {
      if (held.delete(database)) database.close();
    },
  };
}

/** As `tryLockHome`, and throws `NETWORK_HOME_BUSY` when another process has it. */
export function lockHome(home: string): HomeLock {
  const lock = tryLockHome(home);
  if (lock === undefined) throw new NetworkError('NETWORK_HOME_BUSY', `${home}: a network runs here already`);
  return lock;
}

/** Whether a network runs in this home now. */
export function isHomeLocked(home: string): boolean {
  const lock = tryLockHome(home);
  lock?.release();
  return lock === undefined;
}
