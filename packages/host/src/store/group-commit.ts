import type { DatabaseSync } from 'node:sqlite';
import { HostError } from '../host-error.ts';

interface Waiting {
  run(): void;
  committed(): void;
  failed(error: HostError): void;
}

// SQLITE_FULL, https://www.sqlite.org/rescode.html
const SQLITE_FULL = 13;

function toHostError(cause: unknown): HostError {
  const code = (cause as { errcode?: unknown }).errcode;
  if (typeof code === 'number' && (code & 0xff) === SQLITE_FULL) {
    return new HostError('HOST_STORE_FULL', 'the disk of the host is full', { cause });
  }
  return new HostError('HOST_STORE', 'the state of the host could not be written', { cause });
}

/**
 * Writes that arrive in one turn of the event loop share one transaction and so one fsync.
 * A write's promise resolves after the commit; if the commit fails, every write of the group fails.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  #waiting: Waiting[] = [];
  #scheduled = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  write<Result>(work: () => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      let result: Result;
      this.#waiting.push({
        run: () => {
          result = work();
        },
        committed: () => resolve(result),
        failed: reject,
      });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.flush());
    });
  }

  /** Commits what is waiting now. Never throws: failures go to the writers. */
  flush(): void {
    this.#scheduled = false;
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length === 0) return;
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const write of group) write.run();
      this.#database.exec('COMMIT');
    } catch (cause) {
      // SQLite rolls back by itself on some errors; a second rollback is then an error of no interest.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      const error = toHostError(cause);
      for (const write of group) write.failed(error);
      return;
    }
    for (const write of group) write.committed();
  }
}
