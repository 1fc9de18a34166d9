import { type LoadFigures, type LoadOptions, medianOf, runLoad } from './run-load.ts';
import type { Target } from './target.ts';

/** The two targets at one number of streams; the figures are medians over the rounds. */
export interface Comparison {
  readonly streams: number;
  readonly bare: LoadFigures;
  readonly full: LoadFigures;
  /** Full path over bare engine, round by round. */
  readonly throughputRatio: number;
  /** What the full path adds to the median first token, round by round. */
  readonly addedTtftMs: number;
}

function medianFigures(rounds: readonly LoadFigures[]): LoadFigures {
  const [first] = rounds;
  if (first === undefined) throw new RangeError('no rounds');
  const median = (name: keyof LoadFigures): number => medianOf(rounds.map((round) => round[name]));
  return {
    streams: first.streams,
    requests: first.requests,
    completionTokens: median('completionTokens'),
    tokensPerSecond: median('tokensPerSecond'),
    requestsPerSecond: median('requestsPerSecond'),
    ttftMs: median('ttftMs'),
    tpotMs: median('tpotMs'),
    itlMs: median('itlMs'),
  };
}

/**
 * Runs both targets in turn, so that a machine that gets slower meanwhile slows both, and compares round by round.
 * One unmeasured round of each goes first.
 */
export async function compareTargets(
  bare: Target,
  full: Target,
  load: Omit<LoadOptions, 'streams'>,
  options: {
    readonly streams: readonly number[];
    readonly rounds: number;
    readonly onProgress: (line: string) => void;
  },
): Promise<readonly Comparison[]> {
  await runLoad(bare, { ...load, streams: 1, requestsPerStream: 1 });
  await runLoad(full, { ...load, streams: 1, requestsPerStream: 1 });
  const comparisons: Comparison[] = [];
  for (const streams of options.streams) {
    const bareRounds: LoadFigures[] = [];
    const fullRounds: LoadFigures[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      options.onProgress(`${streams} streams, round ${round} of ${options.rounds}`);
      bareRounds.push(await runLoad(bare, { ...load, streams }));
      fullRounds.push(await runLoad(full, { ...load, streams }));
    }
    const pairs = bareRounds.map((figures, i) => [figures, fullRounds[i]!] as const);
    comparisons.push({
      streams,
      bare: medianFigures(bareRounds),
      full: medianFigures(fullRounds),
      throughputRatio: medianOf(pairs.map(([a, b]) => b.tokensPerSecond / a.tokensPerSecond)),
      addedTtftMs: medianOf(pairs.map(([a, b]) => b.ttftMs - a.ttftMs)),
    });
  }
  return comparisons;
}
