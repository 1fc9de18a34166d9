import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDcmlError } from '@dcml/core';
import type { Part } from '@dcml/evidence-files';
import { CliError } from '../../cli-error.ts';
import { listValues } from '../../program/read-option.ts';
import { readAs, readInput } from './read-input.ts';

const MAX_FILES = 2000;
const MAX_TOTAL_BYTES = 64 << 20;

/** What the named files and directories hold, and what was not used. */
export interface CollateralFiles {
  readonly parts: readonly Part[];
  /** What was named and brought nothing. */
  readonly unused: readonly string[];
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Reading it says why it cannot be read.
    return false;
  }
}

async function listFiles(path: string): Promise<{ file: string; isNamed: boolean }[]> {
  if (!(await isDirectory(path))) return [{ file: path, isNamed: true }];
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => ({ file: join(entry.parentPath, entry.name), isNamed: false }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

/**
 * Reads the values of `--collateral`: files, and directories with everything below them. A file that is named has to
 * be readable; what lies in a directory and is no collateral is passed over. Throws `CLI_INPUT`.
 */
export async function readCollateral(values: string | undefined): Promise<CollateralFiles> {
  const { accompanyingParts, MAX_EVIDENCE_FILE_BYTES, readEvidenceFile } = await import(
    '@dcml/evidence-files'
  );
  const files = (await Promise.all(listValues(values).map((path) => listFiles(path)))).flat();
  if (files.length > MAX_FILES) throw new CliError('CLI_INPUT', `--collateral: more than ${MAX_FILES} files`);
  const parts: Part[] = [];
  const unused: string[] = [];
  let total = 0;
  const passedOver = 0;
  for (const { file, isNamed } of files) {
    try {
      const bytes = await readInput(file, MAX_EVIDENCE_FILE_BYTES);
      total += bytes.length;
      const contents = readAs(file, () => readEvidenceFile(bytes));
      const found = accompanyingParts(contents);
      parts.push(...found.parts);
      if (found.ignored > 0)
        unused.push(`${file}: is evidence itself (${contents.description}), not collateral`);
    } catch (error) {
      if (isNamed || !isDcmlError(error)) throw error;
      unused.push(error.message);
    }
    if (total > MAX_TOTAL_BYTES) {
      throw new CliError('CLI_INPUT', `--collateral: more than ${MAX_TOTAL_BYTES} bytes`);
    }
  }
  if (passedOver > 0) unused.push(`${passedOver} files in directories, which are no collateral`);
  return { parts, unused };
}
