import type { CatalogueModel } from '../../catalogue.ts';
import type { FreeBytes } from './disk.ts';
import type { RunProgram } from './run-program.ts';

export interface PullProgress {
  /** `download`: bytes from a source; `extract`: out of an archive; `check`: hashing what arrived. */
  readonly phase: 'download' | 'extract' | 'check';
  readonly source: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** What every kind of source needs to fill the part file. */
export interface PullContext {
  readonly model: CatalogueModel;
  readonly cacheDir: string;
  /** Grows until it has the whole file; kept for resuming when a download breaks off. */
  readonly partPath: string;
  readonly source: string;
  readonly fetch: typeof globalThis.fetch;
  readonly runProgram: RunProgram;
  readonly freeBytes: FreeBytes;
  readonly stallTimeoutMs: number;
  readonly programTimeoutMs: number;
  readonly onProgress: (progress: PullProgress) => void;
  readonly signal: AbortSignal | undefined;
}
