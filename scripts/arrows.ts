import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkArrows } from './check-arrows.ts';
import { compareClosure, computeClosure, type Lockfile } from './lockfile-closure.ts';
import { repositoryRoot } from './run-command.ts';

// Fails when a dependency arrow between workspaces points the wrong way, or when what an installation of the
// enclave can load differs from the reviewed list. `--write` accepts the closure of today.

const closureFile = join(repositoryRoot, 'scripts/enclave-closure.txt');
const lock = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')) as Lockfile;
const closure = computeClosure(lock, 'packages/enclave');
if (process.argv.includes('--write')) writeFileSync(closureFile, `${closure.join('\n')}\n`);
const reviewed = existsSync(closureFile) ? readFileSync(closureFile, 'utf8').split('\n').filter(Boolean) : [];

const growth = compareClosure(reviewed, closure);
const problems = [...checkArrows(repositoryRoot), ...growth];
for (const problem of problems) console.error(problem);
if (growth.length > 0)
  console.error('When the change is wanted: node scripts/arrows.ts --write, and review it.');
if (problems.length === 0)
  console.log(`arrows are as agreed; ${closure.length} packages in the enclave's closure`);
process.exitCode = problems.length === 0 ? 0 : 1;
