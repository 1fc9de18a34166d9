/** Whether a dotted version comes before another: numbers compared in turn, a missing one counting as zero. */
export function isOlderVersion(version: string, than: string): boolean {
  const [mine, theirs] = [version, than].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(mine.length, theirs.length); i++) {
    const difference = (mine[i] ?? 0) - (theirs[i] ?? 0);
    // A part that is no number makes the version older than any.
    if (Number.isNaN(difference)) return true;
    if (difference !== 0) return difference < 0;
  }
  return false;
}
