import { formatCheck, runChecks } from './run-checks.ts';

// Everything about the sources that needs no test run: types, format, lint, dead code, arrows, generated files.

const outcomes = await runChecks((outcome) => console.log(formatCheck(outcome)));
const failed = outcomes.filter((outcome) => outcome.outcome === 'fail').map((outcome) => outcome.name);
if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
