import type { ImportKind } from './arrow-rules.ts';

export interface FoundImport {
  readonly specifier: string;
  readonly kind: ImportKind;
}

const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g;
const STATIC = /(?:^|[\s;}])(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]/g;
const DYNAMIC = /\bimport\s*\(\s*['"]([^'"]+)['"]/g;

/**
 * The specifiers of import, export-from and dynamic import statements of a TypeScript source.
 * A dynamic import in a type position (`import('x').T`) counts as static: it binds the types of both.
 */
export function scanImports(source: string): FoundImport[] {
  const code = source.replaceAll(COMMENT, '');
  const found: FoundImport[] = [];
  for (const match of code.matchAll(STATIC)) found.push({ specifier: match[1] ?? '', kind: 'static' });
  for (const match of code.matchAll(DYNAMIC)) {
    const awaited = /\bawait\s+$|=>\s*$|\breturn\s+$|\bvoid\s+$/.test(code.slice(0, match.index));
    found.push({ specifier: match[1] ?? '', kind: awaited ? 'dynamic' : 'static' });
  }
  return found;
}
