import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  completeEvidence,
  EvidenceFileError,
  inspectFile,
  type Part,
  readEvidenceFile,
} from '@dcml/evidence-files';
import { describe, expect, it } from 'vitest';
import { captures } from './captures.ts';

// Captured evidence of third parties lies beside the repository and is never part of it.
const root = process.env['DCML_EVIDENCE'] ?? resolve(import.meta.dirname, '../../../../shared/evidence');
const hasCaptures = existsSync(join(root, 'tdx'));
if (!hasCaptures)
  console.warn(
    `SKIPPED: no captured evidence at ${root}; set DCML_EVIDENCE to check the detection of real files`,
  );

function count(parts: readonly Part[]): string {
  const counts = new Map<string, number>();
  for (const { type } of parts) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, number]) => (number > 1 ? `${number} ${type}` : type)).join(', ');
}

function whatIs(file: string): string {
  try {
    const contents = readEvidenceFile(new Uint8Array(readFileSync(join(root, file))));
    try {
      return completeEvidence(contents, [], 0)
        .map(({ kind }) => kind)
        .join(' ');
    } catch {
      return `collateral: ${count(contents.subjects.flatMap(({ parts }) => [...parts]))}`;
    }
  } catch (error) {
    return error instanceof EvidenceFileError ? error.code : String(error);
  }
}

describe.skipIf(!hasCaptures)('captured files', () => {
  it('are all in the table', () => {
    const directories = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const files = directories.flatMap(({ name }) =>
      readdirSync(join(root, name)).map((file) => `${name}/${file}`),
    );
    expect(Object.values(captures).flat().sort()).toEqual(files.sort());
  });

  it.each(Object.entries(captures))('%s', (what, files) => {
    for (const file of files) expect(whatIs(file), file).toBe(what);
  });

  it('show what they hold, or why nobody can', () => {
    for (const file of Object.values(captures).flat()) {
      if (whatIs(file).startsWith('EVIDENCE_FILE')) continue;
      const inspection = inspectFile(readEvidenceFile(new Uint8Array(readFileSync(join(root, file)))), 0);
      expect(JSON.stringify(inspection).length, file).toBeGreaterThan(100);
    }
  });
});
