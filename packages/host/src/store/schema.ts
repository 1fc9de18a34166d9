import { DatabaseSync } from 'node:sqlite';
import { HostError } from '../host-error.ts';

/** Raised with every change of the tables; a file of another version is refused, never guessed at. */
const SCHEMA_VERSION = 1;

const TABLES = `
CREATE TABLE channels (id TEXT PRIMARY KEY, config TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE vouchers (
  channel_id TEXT PRIMARY KEY, max_claimable TEXT NOT NULL, signature TEXT NOT NULL, stored_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE approvals (
  channel_id TEXT PRIMARY KEY, approval TEXT NOT NULL, stored_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE offers (
  channel_id TEXT PRIMARY KEY, reserved TEXT NOT NULL, offer TEXT NOT NULL, expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE enclaves (sequence INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE, registration TEXT NOT NULL) STRICT;
CREATE TABLE closes (channel_id TEXT PRIMARY KEY, closes_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE watch (only INTEGER PRIMARY KEY CHECK (only = 1), block TEXT NOT NULL) STRICT;
CREATE TABLE evidence (
  kind TEXT NOT NULL, channel_id TEXT NOT NULL, seen_at INTEGER NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (kind, channel_id, content)
) STRICT, WITHOUT ROWID;
`;

function readVersion(database: DatabaseSync): number {
  const row = database.prepare('PRAGMA user_version').get();
  return Number(row?.['user_version'] ?? 0);
}

/** Opens or creates the host's database. Throws `HOST_STORE`. */
export function openHostDatabase(path: string, maxPages: number | null): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 5_000 });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    if (maxPages !== null) database.exec(`PRAGMA max_page_count = ${Math.trunc(maxPages)}`);
    const version = readVersion(database);
    if (version === 0) {
      database.exec(`BEGIN IMMEDIATE; ${TABLES} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
    } else if (version !== SCHEMA_VERSION) {
      throw new HostError(
        'HOST_STORE',
        `${path} has schema ${version}, this version reads ${SCHEMA_VERSION}`,
      );
    }
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof HostError) throw cause;
    throw new HostError('HOST_STORE', `cannot open ${path}`, { cause });
  }
}
