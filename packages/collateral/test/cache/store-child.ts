import { writeSync } from 'node:fs';
import { openCollateralCache } from '../../src/cache/collateral-cache.ts';
import { contentOf } from './cached-content.ts';

// Stores documents of rising order and kills itself at a given step of the storage, as a loss of power would.
// node store-child.ts DIRECTORY FIRST_ORDER KILL_AT_STEP; says each stored order on standard output.

const [directory = '', first = '1', killAt = '1'] = process.argv.slice(2);
let steps = 0;

function step(): void {
  steps += 1;
  if (steps === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}

const cache = await openCollateralCache(directory, { onStep: step });
for (let order = Number(first); ; order++) {
  for (const key of ['one', 'two']) {
    await cache.store(key, [order], contentOf(key, [order]));
    writeSync(1, `${key} ${order}\n`);
  }
}
