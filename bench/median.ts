/** Median of some numbers. Throws when there are none. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  if (middle === undefined) throw new RangeError('median of nothing');
  return sorted.length % 2 === 1 ? middle : (middle + sorted[(sorted.length >> 1) - 1]!) / 2;
}

/** CPU microseconds that one call takes: the median of `rounds` rounds of `calls` calls, after one round to warm up. */
export async function cpuMicrosOf(
  calls: number,
  rounds: number,
  work: (index: number) => unknown,
): Promise<number> {
  const samples: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) await work(i);
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) samples.push((user + system) / calls);
  }
  return medianOf(samples);
}

/** The same for work that is not asynchronous; no promise is made for a call. */
export function syncCpuMicrosOf(calls: number, rounds: number, work: (index: number) => unknown): number {
  const samples: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) work(i);
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) samples.push((user + system) / calls);
  }
  return medianOf(samples);
}
