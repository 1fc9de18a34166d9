import { type DcmlError, isDcmlError } from '@dcml/core';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from './command.ts';
import { printable, type Sink } from './output.ts';

const unusable: ReadonlySet<string> = new Set(['CLI_USAGE', 'CLI_CONFIG', 'CLI_INPUT']);

function describeCauses(error: unknown): string[] {
  const lines: string[] = [];
  for (let cause = error; cause instanceof Error && lines.length < 8; cause = cause.cause) {
    lines.push(cause.stack ?? String(cause));
  }
  return lines;
}

/** An error of any kind as one of ours: what nobody expected becomes `CLI_INTERNAL`. */
function asDcmlError(error: unknown): DcmlError {
  if (isDcmlError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new CliError('CLI_INTERNAL', message, { cause: error });
}

/**
 * Writes an error as one line with its code and what to do, as JSON with `--json`, and with its causes
 * with `--verbose`. Returns the exit code.
 */
export function reportError(
  error: unknown,
  stderr: Sink,
  options: { json: boolean; verbose: boolean },
): ExitCode {
  const known = asDcmlError(error);
  const causes = options.verbose ? describeCauses(error) : [];
  if (options.json) {
    const body = { ...known.toJSON(), ...(options.verbose ? { causes } : {}) };
    stderr.write(`${JSON.stringify({ error: body })}\n`);
  } else {
    const message = printable(known.message).replaceAll(/\s*\n\s*/g, ' ');
    stderr.write(`dcml: ${message} [${known.code}] ${known.fix}\n`);
    for (const line of causes) stderr.write(`${printable(line)}\n`);
  }
  return unusable.has(known.code) ? 2 : 1;
}
