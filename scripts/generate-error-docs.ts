import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CataloguePage, formatErrorDocs, isCatalogue, untestedCodes } from './error-docs.ts';
import { repositoryRoot } from './run-command.ts';
import { readWorkspaces } from './workspaces.ts';

// Writes docs/errors.md from the error catalogues of all packages; `--check` only compares.
// Either way it fails when a code stands in no test: an error that no test provokes may not exist.

const target = join(repositoryRoot, 'docs/errors.md');

function listFiles(directory: string, pattern: RegExp): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((entry) => pattern.test(entry) && !entry.includes('node_modules'))
    .sort()
    .map((entry) => join(directory, entry));
}

async function readCatalogues(): Promise<CataloguePage[]> {
  const pages: CataloguePage[] = [];
  for (const { room, directory } of readWorkspaces(repositoryRoot)) {
    for (const file of listFiles(join(directory, 'src'), /-error\.ts$/)) {
      // Beside its own errors a package may turn those of others into another shape.
      if (!readFileSync(file, 'utf8').includes('extends DcmlError')) continue;
      const exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
      const catalogue = Object.values(exported).find(isCatalogue);
      if (catalogue === undefined) throw new Error(`${basename(file)} exports no error catalogue`);
      pages.push({ room, source: relative(repositoryRoot, file), catalogue });
    }
  }
  return pages;
}

function readTests(): string {
  const directories = [
    ...readWorkspaces(repositoryRoot).map((workspace) => join(workspace.directory, 'test')),
    join(repositoryRoot, 'e2e'),
  ];
  const files = directories.flatMap((directory) => listFiles(directory, /\.ts$/));
  return files.map((file) => readFileSync(file, 'utf8')).join('\n');
}

const pages = await readCatalogues();
const text = formatErrorDocs(pages);
const untested = untestedCodes(pages, readTests());
const current = existsSync(target) ? readFileSync(target, 'utf8') : '';
const isStale = current !== text;

if (process.argv.includes('--check')) {
  if (isStale) console.error('docs/errors.md is not what the catalogues say: npm run docs:errors');
} else if (isStale) {
  writeFileSync(target, text);
}
for (const code of untested) console.error(`${code} stands in no test file`);
const failed = untested.length > 0 || (isStale && process.argv.includes('--check'));
if (!failed) console.log(`docs/errors.md: ${pages.length} catalogues`);
process.exitCode = failed ? 1 : 0;
