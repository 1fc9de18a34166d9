import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { repositoryRoot } from './run-command.ts';

/** A program that ships as one file. */
export interface Bundle {
  readonly entry: string;
  readonly target: string;
}

/** Paths below the repository's root. */
export const bundles: readonly Bundle[] = [
  { entry: 'apps/cli/src/main.ts', target: 'apps/cli/dist/main.js' },
  { entry: 'packages/enclave/src/main/main.ts', target: 'packages/enclave/dist/enclave.js' },
];

// Native modules stay outside: a bundle is text.
const external = ['node-llama-cpp', 'secp256k1', 'sodium-native'];

/**
 * Bundles one program. The same sources give the same bytes anywhere: paths in the output are relative to the
 * repository, and nothing of time or machine goes in. Returns the SHA-256 of the file.
 */
export async function buildBundle({ entry, target }: Bundle): Promise<string> {
  const outfile = join(repositoryRoot, target);
  await build({
    absWorkingDir: repositoryRoot,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    external,
    legalComments: 'inline',
    logLevel: 'warning',
    // Bundled CommonJS asks for `require`, which an ES module does not have.
    banner: {
      js: "import { createRequire as dcmlCreateRequire } from 'node:module'; const require = dcmlCreateRequire(import.meta.url);",
    },
  });
  return createHash('sha256').update(readFileSync(outfile)).digest('hex');
}
