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

/** After a death: nothing is damaged, and nothing older than what was confirmed. */
async function checkCache(directory: string, confirmed: ReadonlyMap<string, number>): Promise<void> {
  const cache = await openCollateralCache(directory);
  for (const key of ['one', 'two']) {
    const reading = await cache.read(key);
    const least = confirmed.get(key);
    if (least === undefined && reading.state === 'absent') continue;
    if (reading.state !== 'present') expect.unreachable(`${key} is ${reading.state}`);
    expect(reading.order[0]).toBeGreaterThanOrEqual(least ?? 1);
    expect(reading.bytes).toEqual(Buffer.from(contentOf(key, reading.order)));
  }
}

const seed = Number(process.env['DCML_SEED'] ?? 1);

describe('a process that dies while it stores', () => {
  it('by kill -9 at seeded moments leaves a readable cache with everything that was confirmed', async () => {
    const directory = temporaryDirectory();
    const confirmed = new Map<string, number>();
    for (let round = 0; round < 4; round++) {
      const first = Math.max(0, ...confirmed.values()) + 1;
      // Two stores take some 18 steps.
      const step = 1 + ((seed >>> (4 * round)) % 20);
      for (const line of await runUntilKilled(directory, String(first), String(step))) {
        const [key = '', order] = line.split(' ');
        confirmed.set(key, Number(order));
      }
      await checkCache(directory, confirmed);
    }
  });

  it('at every single step leaves the same', async () => {
    const directory = temporaryDirectory();
    const confirmed = new Map<string, number>();
    let died = 0;
    // The second round replaces what the first stored; what a dead round left is there for the next.
    for (let killAt = 1; killAt <= 40; killAt++) {
      let steps = 0;
      const onStep = (): void => {
        steps += 1;
        if (steps >= killAt) throw new Error('killed');
      };
      const order = Math.max(0, ...confirmed.values()) + 1;
      try {
        const cache = await openCollateralCache(directory, { onStep });
        for (const [i, key] of ['one', 'two', 'one', 'two'].entries()) {
          await cache.store(key, [order + Math.floor(i / 2)], contentOf(key, [order + Math.floor(i / 2)]));
          confirmed.set(key, order + Math.floor(i / 2));
        }
      } catch (error) {
        expect(error).toMatchObject({ message: 'killed' });
        died += 1;
      }
      await checkCache(directory, confirmed);
    }
    expect(died).toBeGreaterThan(30);
  });
});
