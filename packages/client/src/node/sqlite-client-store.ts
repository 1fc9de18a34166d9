import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { decodePayerState, encodePayerState, type PayerState } from '@dcml/channel';
import { asChannelId, type ChannelId, canonicalizeJson, isDcmlError, parseJson } from '@dcml/core';
import { decodeChannelRecord, encodeChannelRecord } from '../channel-record-codec.ts';
import { ClientError } from '../client-error.ts';
import type { ChannelChange, ChannelRecord, ClientStore, ReceiptRecord } from '../client-store.ts';
import { assertAccountChange, assertFound } from '../memory-client-store.ts';

const SCHEMA_VERSION = 1;
const TABLES = `
CREATE TABLE channels (
  sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL, account TEXT NOT NULL
) STRICT;
CREATE TABLE receipts (
  sequence INTEGER PRIMARY KEY, receipt_id TEXT NOT NULL UNIQUE, channel_id TEXT NOT NULL,
  served_at INTEGER NOT NULL, evidence_id TEXT NOT NULL, receipt TEXT NOT NULL,
  request_body BLOB, response_body BLOB
) STRICT;
CREATE TABLE evidence (id TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
const LIMITS = { maxLength: 16 << 20, maxDepth: 32 } as const;
// https://www.sqlite.org/rescode.html
const SQLITE_FULL = 13;

function storeError(cause: unknown): Error {
  if (isDcmlError(cause)) return cause;
  const code = (cause as { errcode?: unknown }).errcode;
  if (typeof code === 'number' && (code & 0xff) === SQLITE_FULL) {
    return new ClientError('CLIENT_STORE_FULL', "the disk of the client's state is full", { cause });
  }
  return new ClientError('CLIENT_STORE', "the client's state could not be read or written", { cause });
}

type Row = Readonly<Record<string, unknown>>;

function toReceipt(row: Row): ReceiptRecord {
  return {
    receiptId: String(row['receipt_id']),
    channelId: asChannelId(String(row['channel_id'])),
    servedAt: Number(row['served_at']),
    evidenceId: String(row['evidence_id']),
    receipt: String(row['receipt']),
    requestBody: row['request_body'] as Uint8Array | null,
    responseBody: row['response_body'] as Uint8Array | null,
  };
}

/** `ClientStore` on one SQLite file: WAL, synchronous=FULL; writers of other processes wait for each other. */
class SqliteClientStore implements ClientStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async createChannel(record: ChannelRecord, account: PayerState): Promise<void> {
    this.#write(() => {
      this.#database
        .prepare('INSERT INTO channels (id, record, account) VALUES (?, ?, ?)')
        .run(
          record.channelId,
          canonicalizeJson(encodeChannelRecord(record)),
          canonicalizeJson(encodePayerState(account)),
        );
    });
  }

  async getChannel(id: ChannelId): Promise<ChannelRecord | null> {
    return this.#read(() => this.#channel(id));
  }

  async listChannels(): Promise<readonly ChannelRecord[]> {
    return this.#read(() =>
      this.#database
        .prepare('SELECT record FROM channels ORDER BY sequence')
        .all()
        .map((row) => decodeChannelRecord(parseJson(String(row['record']), LIMITS))),
    );
  }

  async updateChannel(id: ChannelId, change: ChannelChange): Promise<ChannelRecord> {
    return this.#write(() => {
      const updated = { ...assertFound(this.#channel(id), id), ...change };
      this.#database
        .prepare('UPDATE channels SET record = ? WHERE id = ?')
        .run(canonicalizeJson(encodeChannelRecord(updated)), id);
      return updated;
    });
  }

  async getAccount(id: ChannelId): Promise<PayerState | null> {
    return this.#read(() => this.#account(id));
  }

  async changeAccount<Result>(
    id: ChannelId,
    change: (account: PayerState) => { readonly account: PayerState; readonly result: Result },
  ): Promise<Result> {
    return this.#write(() => {
      const before = assertFound(this.#account(id), id);
      const { account, result } = change(before);
      assertAccountChange(before, account);
      this.#database
        .prepare('UPDATE channels SET account = ? WHERE id = ?')
        .run(canonicalizeJson(encodePayerState(account)), id);
      return result;
    });
  }

  async putReceipt(record: ReceiptRecord, keep: number): Promise<void> {
    this.#write(() => {
      this.#database
        .prepare(
          `INSERT OR REPLACE INTO receipts
           (receipt_id, channel_id, served_at, evidence_id, receipt, request_body, response_body)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          record.receiptId,
          record.channelId,
          record.servedAt,
          record.evidenceId,
          record.receipt,
          record.requestBody,
          record.responseBody,
        );
      this.#database
        .prepare(
          'DELETE FROM receipts WHERE sequence <= (SELECT sequence FROM receipts ORDER BY sequence DESC LIMIT 1 OFFSET ?)',
        )
        .run(keep);
    });
  }

  async getReceipt(receiptId: string): Promise<ReceiptRecord | null> {
    return this.#read(() => {
      const row = this.#database.prepare('SELECT * FROM receipts WHERE receipt_id = ?').get(receiptId);
      return row === undefined ? null : toReceipt(row);
    });
  }

  async listReceipts(limit: number): Promise<readonly ReceiptRecord[]> {
    return this.#read(() =>
      this.#database
        .prepare('SELECT * FROM receipts ORDER BY sequence DESC LIMIT ?')
        .all(limit)
        .map(toReceipt),
    );
  }

  async putEvidence(evidenceId: string, evidence: string): Promise<void> {
    this.#write(() => {
      this.#database
        .prepare('INSERT INTO evidence VALUES (?, ?) ON CONFLICT DO NOTHING')
        .run(evidenceId, evidence);
    });
  }

  async getEvidence(evidenceId: string): Promise<string | null> {
    return this.#read(() => {
      const row = this.#database.prepare('SELECT content FROM evidence WHERE id = ?').get(evidenceId);
      return row === undefined ? null : String(row['content']);
    });
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #channel(id: ChannelId): ChannelRecord | null {
    const row = this.#database.prepare('SELECT record FROM channels WHERE id = ?').get(id);
    return row === undefined ? null : decodeChannelRecord(parseJson(String(row['record']), LIMITS));
  }

  #account(id: ChannelId): PayerState | null {
    const row = this.#database.prepare('SELECT account FROM channels WHERE id = ?').get(id);
    return row === undefined ? null : decodePayerState(parseJson(String(row['account']), LIMITS));
  }

  #read<Value>(work: () => Value): Value {
    try {
      return work();
    } catch (cause) {
      throw storeError(cause);
    }
  }

  /** One transaction that has reached the disk when it returns. */
  #write<Value>(work: () => Value): Value {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const value = work();
      this.#database.exec('COMMIT');
      return value;
    } catch (cause) {
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw storeError(cause);
    }
  }
}

export interface SqliteClientStoreOptions {
  /** Upper bound of the file in pages of 4 KiB; what is there already stays. */
  readonly maxPages?: number;
}

/** Opens or creates the store in a file that only its owner reads, since it holds session keys. Throws `CLIENT_STORE`. */
export function openSqliteClientStore(path: string, options: SqliteClientStoreOptions = {}): ClientStore {
  let database: DatabaseSync | undefined;
  try {
    // Created before SQLite does, so that it is never readable by others, not even empty.
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
    database = new DatabaseSync(path, { timeout: 10_000 });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    if (options.maxPages !== undefined)
      database.exec(`PRAGMA max_page_count = ${Math.trunc(options.maxPages)}`);
    createTables(database, path);
    return new SqliteClientStore(database);
  } catch (cause) {
    database?.close();
    if (cause instanceof ClientError) throw cause;
    throw new ClientError('CLIENT_STORE', `cannot open ${path}`, { cause });
  }
}

function createTables(database: DatabaseSync, path: string): void {
  database.exec('BEGIN IMMEDIATE');
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version === 0) database.exec(`${TABLES} PRAGMA user_version = ${SCHEMA_VERSION};`);
  database.exec('COMMIT');
  if (version !== 0 && version !== SCHEMA_VERSION) {
    throw new ClientError(
      'CLIENT_STORE',
      `${path} has schema ${version}, this version reads ${SCHEMA_VERSION}`,
    );
  }
}
