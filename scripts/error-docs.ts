import type { ErrorCatalogue } from '../packages/core/src/errors.ts';

/** The error catalogue of one source file. */
export interface CataloguePage {
  readonly room: string;
  /** Path below the repository's root. */
  readonly source: string;
  readonly catalogue: ErrorCatalogue;
}

/** Recognizes a catalogue among the exports of a module. */
export function isCatalogue(value: unknown): value is ErrorCatalogue {
  if (typeof value !== 'object' || value === null) return false;
  const entries = Object.values(value as Record<string, unknown>);
  return entries.length > 0 && entries.every((entry) => isEntry(entry));
}

function isEntry(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && 'advice' in entry && 'httpStatus' in entry;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}

/** The whole of docs/errors.md. Throws an `Error` when two packages use one code. */
export function formatErrorDocs(pages: readonly CataloguePage[]): string {
  const seen = new Map<string, string>();
  const lines = [
    '# Errors',
    '',
    'Generated from the catalogues in the sources by `npm run docs:errors`; do not edit.',
    '',
    'Advice: `fix-input` (send something else), `retry` (the same may work later), `do-not-trust` (the other side',
    'may lie: stop), `report-bug` (ours). Status is what an HTTP edge answers.',
  ];
  for (const { room, source, catalogue } of pages) {
    lines.push('', `## ${room}`, '', `\`${source}\``, '');
    lines.push('| code | status | advice | meaning | what to do |', '|---|---|---|---|---|');
    for (const [code, entry] of Object.entries(catalogue)) {
      const other = seen.get(code);
      if (other !== undefined) throw new Error(`${code} is in ${other} and in ${source}`);
      seen.set(code, source);
      const { httpStatus, advice, meaning, fix } = entry;
      lines.push(`| \`${code}\` | ${httpStatus} | ${advice} | ${escapeCell(meaning)} | ${escapeCell(fix)} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The codes that do not stand, as a whole word, in the text of the tests. */
export function untestedCodes(pages: readonly CataloguePage[], tests: string): string[] {
  const words = new Set(tests.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? []);
  return pages.flatMap(({ catalogue }) => Object.keys(catalogue).filter((code) => !words.has(code)));
}
