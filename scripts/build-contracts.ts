/**
 * Builds contracts/ with forge and writes ABI and bytecode to packages/evm/src/artifacts.
 *
 *   node scripts/build-contracts.ts           build and write
 *   node scripts/build-contracts.ts --check   format, lint, and fail when the committed artifacts differ from a build
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findFoundryTool } from './foundry.ts';

const root = join(import.meta.dirname, '..');
const contracts = join(root, 'contracts');
const artifacts = join(root, 'packages/evm/src/artifacts');

const built = [
  { contract: 'ModelRegistry', file: 'model-registry.ts', name: 'modelRegistry' },
  { contract: 'InferenceChannels', file: 'inference-channels.ts', name: 'inferenceChannels' },
] as const;

interface RunOptions {
  readonly cwd: string;
  readonly input?: string;
}

function run(command: string, args: readonly string[], options: RunOptions): string {
  // The shim contracts/bin/solc starts through `env node`: give it the Node that runs us.
  const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, PATH };
  const result = spawnSync(command, args, { ...options, env, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

function withoutInternalTypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutInternalTypes);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([key]) => key !== 'internalType');
  return Object.fromEntries(members.map(([key, member]) => [key, withoutInternalTypes(member)]));
}

function render(contract: string, name: string): string {
  const path = join(contracts, 'out', `${contract}.sol`, `${contract}.json`);
  const output = JSON.parse(readFileSync(path, 'utf8')) as { abi: unknown; bytecode: { object: string } };
  const abi = JSON.stringify(withoutInternalTypes(output.abi));
  const text = `// Written by scripts/build-contracts.ts from contracts/src/${contract}.sol.
import type { Hex } from '@dcml/core';

export const ${name}Abi = ${abi} as const;

export const ${name}Bytecode: Hex = '${output.bytecode.object}';
`;
  const biome = join(root, 'node_modules/.bin/biome');
  return run(biome, ['format', `--stdin-file-path=${join(artifacts, 'artifact.ts')}`], {
    cwd: root,
    input: text,
  });
}

function buildArtifacts(forge: string, write: boolean): void {
  run(forge, ['build'], { cwd: contracts });
  const stale: string[] = [];
  for (const { contract, file, name } of built) {
    const path = join(artifacts, file);
    const text = render(contract, name);
    if (write) writeFileSync(path, text);
    else if (readFileSync(path, 'utf8') !== text) stale.push(path);
  }
  if (stale.length > 0)
    throw new Error(`not what contracts/ builds to: ${stale.join(', ')}\nrun: npm run contracts`);
}

try {
  const mode = process.argv[2];
  const forge = findFoundryTool('forge');
  if (mode !== undefined && mode !== '--check') throw new Error('usage: build-contracts.ts [--check]');
  if (forge === undefined) throw new Error('forge has no build for this platform');
  if (mode === '--check') {
    run(forge, ['fmt', '--check'], { cwd: contracts });
    run(forge, ['lint', 'src'], { cwd: contracts });
  }
  buildArtifacts(forge, mode === undefined);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
