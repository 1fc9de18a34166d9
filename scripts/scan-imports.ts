import type { ImportKind } from './arrow-rules.ts';

export interface FoundImport {
  readonly specifier: string;
  readonly kind: ImportKind;
}

const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g;
const STATIC = /(?:^|[\s;}])(?:import|export)(\stype)?\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]/g;
const DYNAMIC = /\bimport\s*\(\s*['"]([^'"]+)['"]/g;

/** The specifiers of import, export-from and dynamic import statements of a TypeScript source. */
export function scanImports(source: string): FoundImport[] {
  const code = source.replaceAll(COMMENT, '');
  const found: FoundImport[] = [];
  for (const match of code.matchAll(STATIC)) {
    found.push({ specifier: match[2] ?? '', kind: match[1] === undefined ? 'static' : 'deferred' });
  }
  for (const match of code.matchAll(DYNAMIC)) found.push({ specifier: match[1] ?? '', kind: 'deferred' });
  return found;
}
