import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allowedArrows, isAllowedArrow } from '../arrow-rules.ts';
import { checkArrows } from '../check-arrows.ts';
import { scanImports } from '../scan-imports.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dcml-arrows-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function workspace(path: string, name: string, dependencies: readonly string[] = []): void {
  const entries = Object.fromEntries(dependencies.map((dependency) => [dependency, '0.1.0']));
  write(`${path}/package.json`, JSON.stringify({ name, version: '0.1.0', dependencies: entries }));
}

describe('checkArrows', () => {
  it('accepts the agreed arrows', () => {
    workspace('packages/attest', '@dcml/attest', ['@dcml/core', 'left-pad']);
    write('packages/attest/src/deep/a.ts', `import { x } from '@dcml/core';\nimport y from '../b.ts';\n`);
    expect(checkArrows(root)).toEqual([]);
  });

  it('refuses a wrong arrow in a manifest', () => {
    workspace('packages/core', '@dcml/core', ['@dcml/attest']);
    expect(checkArrows(root)).toEqual(['packages/core/package.json: core -> attest is not allowed']);
  });

  it('refuses a wrong arrow in a source, whatever the form of the import', () => {
    workspace('packages/enclave', '@dcml/enclave');
    const forms = [
      `import { a } from '@dcml/host';`,
      `import type { A } from '@dcml/host';`,
      `import '@dcml/host';`,
      `export * from '@dcml/host';`,
      `import {\n  a,\n  b,\n} from "@dcml/host";`,
      `type A = import('@dcml/host').A;`,
      `const a = await import('@dcml/host');`,
    ];
    for (const [index, form] of forms.entries()) write(`packages/enclave/src/f${index}.ts`, form);
    expect(checkArrows(root)).toHaveLength(forms.length);
  });

  it('refuses to reach into another workspace by path', () => {
    workspace('packages/client', '@dcml/client');
    write('packages/client/src/a.ts', `import { a } from '../../enclave/src/index.ts';`);
    expect(checkArrows(root)).toEqual([
      'packages/client/src/a.ts: ../../enclave/src/index.ts reaches out of its workspace',
    ]);
  });

  it('lets the command line reach devnet by a deferred import only', () => {
    workspace('apps/cli', 'dcml', ['@dcml/devnet']);
    write('apps/cli/src/up.ts', `const { startNetwork } = await import('@dcml/devnet');`);
    write('apps/cli/src/format.ts', `import type { NetworkInfo } from '@dcml/devnet';`);
    expect(checkArrows(root)).toEqual([]);
    write('apps/cli/src/down.ts', `import { startNetwork } from '@dcml/devnet';`);
    expect(checkArrows(root)).toEqual(['apps/cli/src/down.ts: cli -> devnet (static import) is not allowed']);
  });

  it('refuses a workspace without a rule', () => {
    workspace('packages/shed', '@dcml/shed');
    expect(checkArrows(root)).toEqual(['shed: scripts/arrow-rules.ts has no rule for this workspace']);
  });
});

describe('arrow rules', () => {
  it('draws no circle', () => {
    const visit = (room: string, path: readonly string[]): void => {
      expect(path).not.toContain(room);
      for (const next of allowedArrows[room] ?? []) visit(next, [...path, room]);
    };
    for (const room of Object.keys(allowedArrows)) visit(room, []);
  });

  it('keeps simulation out of everything that is shipped', () => {
    for (const room of Object.keys(allowedArrows)) {
      if (room === 'devnet' || room === 'testing') continue;
      expect(isAllowedArrow(room, 'testing', 'deferred')).toBe(false);
      expect(isAllowedArrow(room, 'devnet', 'static')).toBe(false);
    }
  });
});

describe('scanImports', () => {
  it('skips comments and keeps the order of a file', () => {
    const source = `// import 'a';\n/* import 'b'; */\nimport 'c';\nconst url = 'http://d'; // import('e')\n`;
    expect(scanImports(source)).toEqual([{ specifier: 'c', kind: 'static' }]);
  });
});
