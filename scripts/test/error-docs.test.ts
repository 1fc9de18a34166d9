import { describe, expect, it } from 'vitest';
import { coreErrors } from '../../packages/core/src/index.ts';
import { type CataloguePage, formatErrorDocs, isCatalogue, untestedCodes } from '../error-docs.ts';

const page: CataloguePage = {
  room: 'core',
  source: 'packages/core/src/core-error.ts',
  catalogue: coreErrors,
};

describe('error docs', () => {
  it('recognizes a catalogue and nothing else', () => {
    expect(isCatalogue(coreErrors)).toBe(true);
    for (const value of [undefined, null, {}, { a: 1 }, () => {}, [{}]])
      expect(isCatalogue(value)).toBe(false);
  });

  it('lists every code once', () => {
    expect(formatErrorDocs([page])).toContain('| `CORE_FIELD` | 400 | fix-input |');
    expect(() => formatErrorDocs([page, { ...page, source: 'other.ts' }])).toThrow('CORE_ENCODING is in');
  });

  it('finds codes that stand in no test, whole words only', () => {
    const tests = `expect(error.code).toBe('CORE_JSON_LIMIT'); 'CORE_FIELD' "CORE_ENCODING"`;
    expect(untestedCodes([page], tests)).toEqual(['CORE_JSON']);
  });
});
