import { stat } from 'node:fs/promises';
import { asChannelId, type Hex } from '@dcml/core';
import { CliError } from '../cli-error.ts';
import { readTextFile } from './read-json-file.ts';

/**
 * A private key (0x and 64 hex digits) from a file that only its owner may read. Keys never stand on the command
 * line or in variables, where other processes see them. Throws `CLI_INPUT`; the key is in no message.
 */
export async function readPrivateKey(file: string): Promise<Hex> {
  const text = (await readTextFile(file, 'key file')).trim();
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0) {
    throw new CliError('CLI_INPUT', `key file ${file}: others may read it (chmod 600 ${file})`);
  }
  try {
    // Same form as a channel id: 32 bytes as lowercase hex.
    return asChannelId(text);
  } catch {
    throw new CliError('CLI_INPUT', `key file ${file}: expected 0x and 64 lowercase hex digits`);
  }
}
