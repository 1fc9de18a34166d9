import type { JsonObject } from '@dcml/core';
import type { Output } from './command.ts';

/** The part of a stream that output needs. */
export interface Sink {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface OutputStreams {
  readonly stdout: Sink;
  readonly stderr: Sink;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Text without control characters, so that foreign text cannot steer a terminal; line breaks and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(/(?![\n\t])\p{Cc}/gu, '');
}

/** Colours only on a terminal, and not with NO_COLOR (no-color.org) or TERM=dumb. */
export function createOutput(streams: OutputStreams, env: Environment, json: boolean): Output {
  const { stdout, stderr } = streams;
  const noColor = env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '';
  const styled = stdout.isTTY === true && !noColor && env['TERM'] !== 'dumb' && !json;
  const style = (open: number, close: number) => (text: string) =>
    styled ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    isTerminal: stdout.isTTY === true,
    result(value: JsonObject, text: string): void {
      stdout.write(`${json ? JSON.stringify(value) : text}\n`);
    },
    write(text: string): void {
      if (!json) stdout.write(stdout.isTTY === true ? printable(text) : text);
    },
    progress(line: string): void {
      if (!json) stderr.write(`${line}\n`);
    },
    warn(line: string): void {
      stderr.write(`${json ? JSON.stringify({ warning: line }) : line}\n`);
    },
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
  };
}
