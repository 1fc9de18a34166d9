import type { Duplex } from 'node:stream';

/**
 * Passes bytes one way. A receiver that is behind pauses the sender, so no more is held than the two streams' own
 * buffers; the end of the sender ends this direction only.
 */
export function pumpBytes(from: Duplex, to: Duplex, onBytes: (count: number) => void): void {
  from.on('data', (chunk: Buffer) => {
    onBytes(chunk.length);
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
}
