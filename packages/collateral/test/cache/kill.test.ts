import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCollateralCache } from '../../src/index.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { contentOf } from './cached-content.ts';

const child = join(import.meta.dirname, 'store-child.ts');

/** Lines of a child that was killed. */
function runUntilKilled(...parameters: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, ...parameters], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    process_.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    process_.on('error', reject);
    process_.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(text.split('\n').filter((line) => line !== ''));
      else reject(new Error(`the child ended by itself with ${code}`));
    });
  });
}

describe('kill -9', () => {
  // One round of both keys takes 16 to 18 steps; the second round replaces what the first stored.
  it('at every step leaves a readable cache with everything that was confirmed', async () => {
    const directory = temporaryDirectory();
    const confirmed = new Map<string, number>();
    for (let step = 1; step <= 20; step++) {
      const first = Math.max(0, ...confirmed.values()) + 1;
      for (const line of await runUntilKilled(directory, String(first), String(step))) {
        const [key = '', order] = line.split(' ');
        confirmed.set(key, Number(order));
      }
      const cache = await openCollateralCache(directory);
      for (const key of ['one', 'two']) {
        const reading = await cache.read(key);
        const least = confirmed.get(key);
        if (least === undefined && reading.state === 'absent') continue;
        if (reading.state !== 'present') expect.unreachable(`step ${step}: ${key} is ${reading.state}`);
        expect(reading.order[0]).toBeGreaterThanOrEqual(least ?? 1);
        expect(reading.bytes).toEqual(Buffer.from(contentOf(key, reading.order)));
      }
    }
    expect([...confirmed.keys()]).toEqual(['one', 'two']);
  }, 30_000);
});
