import { readFile } from 'node:fs/promises';
import { isDcmlError, type JsonLimits, type JsonValue, parseJson } from '@dcml/core';
import { CliError } from '../cli-error.ts';

const limits: JsonLimits = { maxLength: 64 << 20, maxDepth: 64 };

/** Text of a file that the command line names; `what` is for the message. Throws `CLI_INPUT`. */
export async function readTextFile(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`;
    throw new CliError('CLI_INPUT', `${what} ${file}: ${why}`, { cause });
  }
}

/** Strict JSON of such a file. Throws `CLI_INPUT`. */
export async function readJsonFile(file: string, what: string): Promise<JsonValue> {
  const text = await readTextFile(file, what);
  try {
    return parseJson(text, limits);
  } catch (cause) {
    const why = isDcmlError(cause) ? cause.message : 'not JSON';
    throw new CliError('CLI_INPUT', `${what} ${file}: ${why}`, { cause });
  }
}

/** Runs a reader of foreign fields and turns its refusal into `CLI_INPUT`, naming the file. */
export function readFieldsOf<Value>(file: string, what: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (!isDcmlError(cause)) throw cause;
    throw new CliError('CLI_INPUT', `${what} ${file}: ${cause.message}`, { cause });
  }
}
