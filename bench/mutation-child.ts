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
const share = Math.ceil(wanted / workers / samples.length);
for (const [i, sample] of samples.entries()) {
  const others = donors[i] === undefined ? [] : [donors[i].evidence];
  const count = await tryMutations(sample, others, share, seed + worker * 2 * share);
  const { tried, refused, neutral, wrong } = count;
  process.send?.({ name: sample.name, tried, refused, neutral, wrong } satisfies KindCount);
}
process.disconnect?.();
