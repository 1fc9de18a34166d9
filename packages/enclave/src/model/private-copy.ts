import { constants, existsSync } from 'node:fs';
import { copyFile, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Random, toHex } from '@dcml/core';
import { EnclaveError } from '../enclave-error.ts';

export interface PrivateModelFile {
  /** A path that only this process can open. */
  readonly path: string;
  readonly close: () => Promise<void>;
}

const MEMORY_DIRECTORY = '/dev/shm';

/**
 * The model's bytes where nobody outside the enclave can change them between the check of their hash and their use:
 * a file in memory without a name, reached through this process' descriptor. Where the system has no `/dev/shm` (not a
 * confidential VM, then) the original path is used.
 * Throws `ENCLAVE_CONFIG` when the file cannot be read or does not fit into memory.
 */
export async function openPrivateModel(source: string, random: Random): Promise<PrivateModelFile> {
  if (!existsSync(source)) throw new EnclaveError('ENCLAVE_CONFIG', `there is no model file at ${source}`);
  if (!existsSync(MEMORY_DIRECTORY)) return { path: source, close: async () => {} };
  const name = join(MEMORY_DIRECTORY, `dcml-${toHex(random.bytes(16))}.gguf`);
  try {
    await copyFile(source, name, constants.COPYFILE_EXCL);
    const handle = await open(name, 'r');
    return { path: `/proc/self/fd/${handle.fd}`, close: () => handle.close() };
  } catch (cause) {
    throw new EnclaveError('ENCLAVE_CONFIG', `the model file ${source} cannot be copied into memory`, {
      cause,
    });
  } finally {
    await unlink(name).catch(() => {});
  }
}
