import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelError } from '../model-error.ts';

/**
 * Absolute path of a file of this repository, found from where this code runs: its own folder or a bundle's.
 * Throws `MODEL_SOURCE` when no directory above has it.
 */
export function repositoryPath(path: string): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(directory, path);
    if (existsSync(candidate)) return candidate;
    const parent = dirname(directory);
    if (parent === directory)
      throw new ModelError('MODEL_SOURCE', `${path} is not part of this installation`);
    directory = parent;
  }
}
