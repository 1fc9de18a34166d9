import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../run-command.ts';

// A page that names a file that is gone claims something that nobody shows any more.

function listPages(): string[] {
  const pages = readdirSync(repositoryRoot).filter((name) => name.endsWith('.md'));
  const nested = ['docs', 'packages'].flatMap((directory) =>
    readdirSync(join(repositoryRoot, directory), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !/node_modules|dist/.test(name))
      .map((name) => join(directory, name)),
  );
  return [...pages, ...nested].map((page) => join(repositoryRoot, page));
}

function* brokenLinks(page: string): Generator<string> {
  const text = readFileSync(page, 'utf8');
  const place = relative(repositoryRoot, page);
  for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    if (!existsSync(join(dirname(page), target))) yield `${place}: ${target}`;
  }
  // Tests that a table names by their path.
  for (const [path] of text.matchAll(
    /\b(?:packages|apps|contracts|scripts|e2e)\/[\w./-]+\.(?:test\.ts|t\.sol)\b/g,
  )) {
    if (!existsSync(join(repositoryRoot, path))) yield `${place}: ${path}`;
  }
}

it('every link and every named test leads to a file', () => {
  const pages = listPages();
  expect(pages.length).toBeGreaterThan(20);
  expect(pages.flatMap((page) => [...brokenLinks(page)])).toEqual([]);
});
