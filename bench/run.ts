import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Benchmark, type Figure, keepsPromise } from './benchmark.ts';
import { describeMachine } from './machine.ts';

// npm run bench [-- NAME...]: runs the benchmarks one after the other and writes bench/results/NAME.json.

const suites = join(import.meta.dirname, 'suites');
const results = join(import.meta.dirname, 'results');

function formatFigure(figure: Figure): string {
  const { name, value, unit, atMost, atLeast } = figure;
  const number = value.toLocaleString('en', { maximumSignificantDigits: 4 });
  const bounds = [
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
  ];
  const promise =
    bounds.length === 0 ? '' : `  ${bounds.join(', ')}: ${keepsPromise(figure) ? 'kept' : 'BROKEN'}`;
  return `  ${name.padEnd(44)}${number.padStart(12)} ${unit}${promise}`;
}

async function runBenchmark(benchmark: Benchmark, signal: AbortSignal): Promise<boolean> {
  console.log(`\n${benchmark.name}: ${benchmark.method}`);
  const figures = await benchmark.run(signal);
  for (const figure of figures) console.log(formatFigure(figure));
  const result = {
    name: benchmark.name,
    measured_at: new Date().toISOString(),
    machine: describeMachine(),
    method: benchmark.method,
    figures,
  };
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, `${benchmark.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  return figures.length > 0 && figures.every((figure) => keepsPromise(figure));
}

const controller = new AbortController();
process.once('SIGINT', () => controller.abort());

const available = readdirSync(suites).filter((file) => file.endsWith('.ts'));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !available.includes(`${name}.ts`));
if (unknown.length > 0) {
  console.error(
    `no such benchmark: ${unknown.join(', ')}; there are: ${available.map((file) => basename(file, '.ts')).join(', ')}`,
  );
  process.exit(2);
}
const broken: string[] = [];
for (const file of available.sort()) {
  if (wanted.length > 0 && !wanted.includes(basename(file, '.ts'))) continue;
  const { benchmark } = (await import(pathToFileURL(join(suites, file)).href)) as { benchmark: Benchmark };
  try {
    if (!(await runBenchmark(benchmark, controller.signal))) broken.push(benchmark.name);
  } catch (error) {
    console.error(error);
    broken.push(benchmark.name);
  }
  if (controller.signal.aborted) process.exit(130);
}
if (broken.length > 0) console.error(`\nfailed or broke a promise: ${broken.join(', ')}`);
process.exitCode = broken.length === 0 ? 0 : 1;
