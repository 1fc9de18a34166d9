/** One measured number. */
export interface Figure {
  /** snake_case, unique within its benchmark. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the project promises; a run that breaks it fails. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** A file in bench/suites exports one of these as `benchmark`. */
export interface Benchmark {
  /** kebab-case: the name of the file and of its result. */
  readonly name: string;
  /** What is measured and how, so that somebody else can measure it again. */
  readonly method: string;
  run(signal: AbortSignal): Promise<readonly Figure[]>;
}

/** Whether a figure keeps its promise; true when it makes none. */
export function keepsPromise({ value, atMost, atLeast }: Figure): boolean {
  if (!Number.isFinite(value)) return false;
  return (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);
}
