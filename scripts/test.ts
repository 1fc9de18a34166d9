import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFoundryTool } from './foundry.ts';
import { formatCheck, runChecks } from './run-checks.ts';
import { repositoryRoot, runCommand } from './run-command.ts';
import {
  addCounts,
  type Counts,
  countForge,
  countVitest,
  formatCounts,
  isGood,
  listForgeFailures,
  noTests,
} from './test-counts.ts';

// Everything that must hold: checks, contract tests, unit and end-to-end tests. The last line counts them all.

// One seed for all workers, so that one line replays the properties of a whole run.
const seed = process.env['DCML_SEED'] ?? String(Math.floor(Math.random() * 2 ** 31));

async function testSources(): Promise<Counts> {
  console.log('\n== checks');
  const outcomes = await runChecks((outcome) => console.log(formatCheck(outcome)));
  const count = (outcome: string): number => outcomes.filter((one) => one.outcome === outcome).length;
  return { passed: count('pass'), failed: count('fail'), skipped: count('skip') };
}

async function testContracts(): Promise<Counts> {
  console.log('\n== contracts');
  if (!existsSync(join(repositoryRoot, 'contracts/foundry.toml'))) return noTests;
  const forge = findFoundryTool('forge');
  if (forge === undefined) {
    console.warn('SKIPPED: forge has no build for this platform; the contracts were not tested');
    return { ...noTests, skipped: 1 };
  }
  // foundry.toml names its compiler relative to the directory that forge runs in.
  const cwd = join(repositoryRoot, 'contracts');
  const result = await runCommand([forge, 'test', '--json'], { cwd, timeoutMs: 600_000 });
  const counts = countForge(result.stdout, result.code);
  if (counts.failed > 0)
    console.error(listForgeFailures(result.stdout).join('\n'), result.output.slice(-4000));
  console.log(`contracts: ${formatCounts(counts)}`);
  return counts;
}

async function testUnits(): Promise<Counts> {
  console.log(`\n== unit and end-to-end tests (DCML_SEED=${seed})`);
  const directory = mkdtempSync(join(tmpdir(), 'dcml-test-'));
  const report = join(directory, 'vitest.json');
  try {
    const result = await runCommand(
      ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
      { env: { DCML_SEED: seed }, onOutput: (text) => process.stdout.write(text) },
    );
    return countVitest(existsSync(report) ? readFileSync(report, 'utf8') : undefined, result.code);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

let total = noTests;
for (const part of [testSources, testContracts, testUnits]) total = addCounts(total, await part());
console.log(`\n${formatCounts(total)}`);
process.exitCode = isGood(total) ? 0 : 1;
