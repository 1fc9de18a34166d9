import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Figure } from '../benchmark.ts';
import type { KindCount } from '../mutation-child.ts';

const WANTED = Number(process.env['DCML_MUTATIONS'] ?? 1_000_000);
const SEED = Number(process.env['DCML_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

async function runChild(worker: number, workers: number, signal: AbortSignal): Promise<KindCount[]> {
  const child = fork(
    join(import.meta.dirname, '../mutation-child.ts'),
    [String(worker), String(workers), String(WANTED), String(SEED)],
    { signal },
  );
  const counts: KindCount[] = [];
  child.on('message', (count) => {
    counts.push(count as KindCount);
    const { name, tried, wrong } = count as KindCount;
    console.log(`  ${name}: ${tried} tried, ${wrong.length} wrongly accepted`);
    for (const problem of wrong.slice(0, 5)) console.error(`    ${problem}`);
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`a worker ended with ${code}`);
  return counts;
}

function sum(counts: readonly KindCount[], field: 'tried' | 'refused' | 'neutral'): number {
  return counts.reduce((total, count) => total + count[field], 0);
}

export const benchmark: Benchmark = {
  name: 'mutations',
  method:
    'Sound synthetic evidence of every kind, one random change each (bits, bytes, lengths, swaps with other ' +
    'evidence), every kind for the same time; neutral changes pass with the same measurements since nothing signs or ' +
    `reads what changed. DCML_MUTATIONS sets the count, DCML_SEED replays; this run: ${WANTED}, seed ${SEED}`,
  run: async (signal) => {
    const workers = Math.max(1, availableParallelism());
    const started = performance.now();
    const counts = (
      await Promise.all(Array.from({ length: workers }, (_, worker) => runChild(worker, workers, signal)))
    ).flat();
    const seconds = (performance.now() - started) / 1000;
    const names = [...new Set(counts.map((count) => count.name))].sort();
    const perKind: Figure[] = names.map((name) => ({
      name: `tried: ${name}`,
      value: sum(
        counts.filter((count) => count.name === name),
        'tried',
      ),
      unit: 'mutations',
    }));
    return [
      { name: 'tried', value: sum(counts, 'tried'), unit: 'mutations', atLeast: WANTED },
      { name: 'refused', value: sum(counts, 'refused'), unit: 'mutations' },
      { name: 'neutral', value: sum(counts, 'neutral'), unit: 'mutations' },
      {
        name: 'wrongly_accepted_or_crashed',
        value: counts.reduce((total, count) => total + count.wrong.length, 0),
        unit: 'mutations',
        atMost: 0,
      },
      { name: 'time', value: seconds, unit: 's' },
      ...perKind,
    ];
  },
};
