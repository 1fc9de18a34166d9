import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { repositoryRoot } from './run-command.ts';

/** A program that ships as one file. */
export interface Bundle {
  readonly entry: string;
  readonly target: string;
}

/** Paths from the repository's root. */
export const bundles: readonly Bundle[] = [
  { entry: 'apps/cli/src/main.ts', target: 'apps/cli/dist/main.js' },
  { entry: 'apps/cli/src/enclave-main.ts', target: 'apps/cli/dist/enclave.js' },
];

/** Native modules stay outside: a bundle is text. */
export const nativeModules: readonly string[] = ['node-llama-cpp', 'secp256k1'];

/** A bundle that was built. */
export interface BuiltBundle {
  /** SHA-256 of the file, lowercase hex. */
  readonly sha256: string;
  /** npm packages whose code is inside, sorted. */
  readonly packages: readonly string[];
}

function packagesOf(inputs: readonly string[]): string[] {
  const names = inputs.flatMap((input) => {
    const path = input.split('node_modules/').at(-1);
    if (path === undefined || path === input) return [];
    return [path.split('/', path.startsWith('@') ? 2 : 1).join('/')];
  });
  return [...new Set(names)].sort();
}

/**
 * Bundles one program. The same sources give the same bytes anywhere: paths in the output are relative to the
 * repository, and nothing of time or machine goes in.
 */
export async function buildBundle({ entry, target }: Bundle): Promise<BuiltBundle> {
  const outfile = resolve(repositoryRoot, target);
  const { metafile } = await build({
    absWorkingDir: repositoryRoot,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    external: [...nativeModules],
    metafile: true,
    legalComments: 'inline',
    logLevel: 'warning',
    // Bundled CommonJS asks for `require`, which an ES module does not have.
    banner: {
      js: "import { createRequire as dcmlCreateRequire } from 'node:module'; const require = dcmlCreateRequire(import.meta.url);",
    },
  });
  const sha256 = createHash('sha256').update(readFileSync(outfile)).digest('hex');
  return { sha256, packages: packagesOf(Object.keys(metafile.inputs)) };
}
