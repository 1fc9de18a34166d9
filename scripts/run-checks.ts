import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findFoundryTool } from './foundry.ts';
import { repositoryRoot, runCommand } from './run-command.ts';

interface Check {
  readonly name: string;
  readonly argv: readonly string[];
  /** Why the check cannot run on this machine; undefined when it can. */
  readonly skipped?: string | undefined;
}

export interface CheckOutcome {
  readonly name: string;
  readonly outcome: 'pass' | 'fail' | 'skip';
  readonly seconds: number;
  /** What the tool said, or why the check was skipped. */
  readonly output: string;
}

const node = process.execPath;

function listChecks(): Check[] {
  const contractsScript = existsSync(join(repositoryRoot, 'scripts/build-contracts.ts'));
  const noForge = findFoundryTool('forge') === undefined ? 'forge has no build for this platform' : undefined;
  return [
    { name: 'types', argv: ['tsc', '-p', 'tsconfig.json'] },
    { name: 'types-browser', argv: ['tsc', '-p', 'tsconfig.browser.json'] },
    { name: 'format-and-lint', argv: ['biome', 'check', '--error-on-warnings'] },
    { name: 'lint-types', argv: ['oxlint', '--type-aware', '--deny-warnings'] },
    { name: 'unused', argv: ['knip', '--no-progress', '--no-config-hints'] },
    { name: 'arrows', argv: [node, 'scripts/arrows.ts'] },
    { name: 'error-docs', argv: [node, 'scripts/generate-error-docs.ts', '--check'] },
    {
      name: 'contract-artifacts',
      argv: [node, 'scripts/build-contracts.ts', '--check'],
      skipped: contractsScript ? noForge : 'scripts/build-contracts.ts is not there',
    },
  ];
}

async function runCheck(check: Check): Promise<CheckOutcome> {
  if (check.skipped !== undefined) {
    return { name: check.name, outcome: 'skip', seconds: 0, output: check.skipped };
  }
  const start = performance.now();
  const result = await runCommand(check.argv, { env: { NO_COLOR: '1' }, timeoutMs: 300_000 });
  return {
    name: check.name,
    outcome: result.code === 0 ? 'pass' : 'fail',
    seconds: (performance.now() - start) / 1000,
    output: result.output,
  };
}

/** Runs every check, two at a time, and reports each when it ends. Never rejects on a failed check. */
export async function runChecks(onOutcome: (outcome: CheckOutcome) => void): Promise<CheckOutcome[]> {
  const waiting = listChecks();
  const outcomes: CheckOutcome[] = [];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const outcome = await runCheck(check);
      outcomes.push(outcome);
      onOutcome(outcome);
    }
  };
  await Promise.all([work(), work()]);
  return outcomes;
}

/** One line for a finished check, and what the tool said when it did not pass. */
export function formatCheck({ name, outcome, seconds, output }: CheckOutcome): string {
  const line = `${outcome.padEnd(5)} ${name.padEnd(20)} ${seconds.toFixed(1).padStart(6)} s`;
  if (outcome === 'pass') return line;
  if (outcome === 'skip') return `${line}  SKIPPED: ${output}`;
  return `${line}\n${output.trimEnd().replaceAll(/^/gm, '      ')}`;
}
