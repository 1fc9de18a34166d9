/** What a caller should do about an error. */
export type Advice = 'fix-input' | 'retry' | 'do-not-trust' | 'report-bug';

/** One row of a package's error catalogue; `docs/errors.md` is generated from these rows. */
export interface ErrorEntry {
  readonly advice: Advice;
  /** HTTP status at an HTTP edge. */
  readonly httpStatus: number;
  /** What the code means, in one sentence. */
  readonly meaning: string;
  /** What to do about it, in one sentence. */
  readonly fix: string;
}

export type ErrorCatalogue = Readonly<Record<string, ErrorEntry>>;

/** Values that may travel in an error: never prompts, keys or secrets. */
export type ErrorDetail = string | number | boolean | null | readonly string[];
export type ErrorDetails = Readonly<Record<string, ErrorDetail>>;

export interface DcmlErrorOptions {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/**
 * Base of every expected error: a stable `code`, one line of message, advice and serializable details.
 * Packages derive one class each, bound to their own catalogue (see `CoreError`).
 */
export class DcmlError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly advice: Advice;
  readonly httpStatus: number;
  readonly fix: string;
  readonly details: ErrorDetails;

  constructor(catalogue: ErrorCatalogue, code: Code, message: string, options: DcmlErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const entry = catalogue[code];
    if (entry === undefined) throw new TypeError(`error code ${code} has no catalogue entry`);
    this.name = 'DcmlError';
    this.code = code;
    this.advice = entry.advice;
    this.httpStatus = entry.httpStatus;
    this.fix = entry.fix;
    this.details = options.details ?? {};
  }

  /** JSON form for `--json` output and HTTP edges; causes are left out, since they may carry foreign data. */
  toJSON(): { code: Code; message: string; advice: Advice; fix: string; details: ErrorDetails } {
    return {
      code: this.code,
      message: this.message,
      advice: this.advice,
      fix: this.fix,
      details: this.details,
    };
  }
}

export function isDcmlError(error: unknown): error is DcmlError {
  return error instanceof DcmlError;
}
