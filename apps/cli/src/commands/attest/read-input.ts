import { createReadStream } from 'node:fs';
import { concatBytes, isDcmlError } from '@dcml/core';
import { CliError } from '../../cli-error.ts';

/** Standard input, as most tools name it. */
const STDIN = '-';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a directory',
  EACCES: 'may not be read by this user',
};

async function readAtMost(file: string, maxBytes: number): Promise<Uint8Array> {
  const stream = file === STDIN ? process.stdin : createReadStream(file);
  // Sizes that the system states are not believed: a pipe has none, a device no end.
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    total += chunk.length;
    if (total > maxBytes) throw new CliError('CLI_INPUT', `${file}: has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return concatBytes(...chunks);
}

/** Bytes of a file, or of standard input for `-`. Throws `CLI_INPUT`, naming the file. */
export async function readInput(file: string, maxBytes: number): Promise<Uint8Array> {
  try {
    return await readAtMost(file, maxBytes);
  } catch (cause) {
    if (isDcmlError(cause)) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw new CliError('CLI_INPUT', `${file}: ${reasons[code] ?? `cannot be read (${code})`}`, { cause });
  }
}

/** Runs what reads foreign bytes and turns its refusal into `CLI_INPUT`, naming the file. */
export function readAs<Value>(file: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (!isDcmlError(cause)) throw cause;
    throw new CliError('CLI_INPUT', `${file}: ${cause.message} [${cause.code}]`, { cause });
  }
}
