import type { Evidence } from '@dcml/attest';
import { tryMutations } from '@dcml/testing/mutation';
import { soundEvidence } from '@dcml/testing/sound-evidence';

/** What a worker of the mutation run reports of one kind of evidence. */
export interface KindCount {
  readonly name: string;
  readonly tried: number;
  readonly refused: number;
  readonly neutral: number;
  readonly wrong: readonly string[];
}

const [worker = 0, workers = 1, wanted = 0, seed = 0] = process.argv.slice(2).map(Number);
const samples = soundEvidence();
// Others of the same kind lend their fields.
const donors = soundEvidence();
const othersOf = (i: number): Evidence[] => (donors[i] === undefined ? [] : [donors[i].evidence]);

// Every kind gets the same time: a set of GPUs costs fifteen times as much as a report of one processor.
const PROBE = 100;
const rates: number[] = [];
for (const [i, sample] of samples.entries()) {
  const started = performance.now();
  await tryMutations(sample, othersOf(i), PROBE, seed);
  rates.push(PROBE / (performance.now() - started));
}
const allRates = rates.reduce((sum, rate) => sum + rate, 0);

for (const [i, sample] of samples.entries()) {
  const share = Math.ceil((wanted / workers) * (rates[i]! / allRates));
  const count = await tryMutations(sample, othersOf(i), share, seed + worker * 2 * wanted);
  const { tried, refused, neutral, wrong } = count;
  process.send?.({ name: sample.name, tried, refused, neutral, wrong } satisfies KindCount);
}
process.disconnect?.();
