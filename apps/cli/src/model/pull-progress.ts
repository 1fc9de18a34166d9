import type { PullProgress } from '@dcml/model/node';

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** Turns progress into a line at each tenth of a phase: readable in a terminal and in a log. */
export function reportPull(onLine: (line: string) => void): (progress: PullProgress) => void {
  let last = '';
  return ({ phase, source, doneBytes, totalBytes }) => {
    const tenth = totalBytes === 0 ? 10 : Math.floor((10 * doneBytes) / totalBytes);
    const key = `${phase} ${source} ${tenth}`;
    // A hash of a cached file is over before anybody reads a line about it.
    if (key === last || (phase === 'check' && tenth < 10)) return;
    last = key;
    onLine(
      `model    ${phase} ${10 * tenth}%  ${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB  ${source}`,
    );
  };
}
