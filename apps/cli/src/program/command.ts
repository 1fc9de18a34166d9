import type { JsonObject } from '@dcml/core';

/** One `--option` of a command; also read from `DCML_OPTION` and from `option` in config.json. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** Placeholder in the help, for example `FILE`; strings only. */
  readonly value?: string;
  readonly description: string;
  /** Only a flag sets it: meaningless, or dangerous, as a standing preference. */
  readonly flagOnly?: true;
  /** May be given several times; the values arrive as one, joined by line feeds. Strings only. */
  readonly repeatable?: true;
}

export type Options = Readonly<Record<string, Option>>;

/** What a command prints. Results go to standard output, everything else to standard error. */
export interface Output {
  /** The result: one JSON object with `--json`, text otherwise. */
  result(json: JsonObject, text: string): void;
  /** Text as it comes, for example streamed tokens; nothing with `--json`. */
  write(text: string): void;
  /** A line about what goes on, on standard error; nothing with `--json`. */
  progress(line: string): void;
  /** A line that must not be lost, on standard error, in every mode. */
  warn(line: string): void;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  /** True when standard output is a terminal. */
  readonly isTerminal: boolean;
}

/** Everything that a command may look at. */
export interface CommandContext {
  readonly positionals: readonly string[];
  /** Merged values: flag over variable over config.json. */
  readonly strings: Readonly<Record<string, string | undefined>>;
  readonly booleans: Readonly<Record<string, boolean | undefined>>;
  /** Absolute path of the state directory. */
  readonly home: string;
  readonly json: boolean;
  readonly output: Output;
  /** Aborted by SIGINT, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** 0: done. 1: failed. 2: the command line or its input cannot be used. */
export type ExitCode = 0 | 1 | 2;

export interface Command {
  /** One or two words, for example `channel open`. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Arguments as the usage line shows them, for example `FILE` or `[TEXT]`. */
  readonly usage: string;
  /** How many arguments it takes: at least and at most. */
  readonly arity: readonly [number, number];
  readonly options: Options;
  /** Complete command lines. */
  readonly examples: readonly string[];
  /** Loads what it needs by dynamic import, so that other commands start fast. */
  run(context: CommandContext): Promise<ExitCode>;
}
