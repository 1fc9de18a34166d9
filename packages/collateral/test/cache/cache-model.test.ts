import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type CollateralCache, type DocumentOrder, openCollateralCache } from '../../src/index.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { contentOf } from './cached-content.ts';

/** The newest document of each key, and whether its bytes are still there. */
interface Model {
  readonly newest: Map<string, { order: DocumentOrder; variant: number; damaged: boolean }>;
}
interface Real {
  cache: CollateralCache;
  readonly hashes: Map<string, string>;
}
type Command = fc.AsyncCommand<Model, Real>;

function isOlder(a: DocumentOrder, b: DocumentOrder): boolean {
  return a[0]! < b[0]! || (a[0] === b[0] && a[1]! < b[1]!);
}

function storeCommand(key: string, order: DocumentOrder, variant: number): Command {
  return {
    check: () => true,
    async run(model, real) {
      const before = model.newest.get(key);
      const stored = real.cache.store(key, order, contentOf(key, order, variant));
      if (before !== undefined && isOlder(order, before.order)) {
        await expect(stored).rejects.toMatchObject({ code: 'COLLATERAL_ROLLBACK' });
        return;
      }
      real.hashes.set(key, await stored);
      model.newest.set(key, { order, variant, damaged: false });
    },
    toString: () => `store ${key} ${order.join('-')} ${variant}`,
  };
}

function damageCommand(key: string, isRemoved: boolean): Command {
  return {
    check: ({ newest }) => newest.has(key),
    async run(model, { cache, hashes }) {
      const object = join(cache.directory, 'objects', hashes.get(key) ?? '');
      if (isRemoved) rmSync(object, { force: true });
      else writeFileSync(object, 'damaged');
      model.newest.set(key, { ...model.newest.get(key)!, damaged: true });
    },
    toString: () => `damage ${key} ${isRemoved}`,
  };
}

const reopenCommand: Command = {
  check: () => true,
  async run(_, real) {
    real.cache = await openCollateralCache(real.cache.directory);
  },
  toString: () => 'reopen',
};

async function checkAll(model: Model, { cache }: Real): Promise<void> {
  for (const key of ['a', 'b']) {
    const expected = model.newest.get(key);
    const reading = await cache.read(key);
    if (expected === undefined) expect(reading).toEqual({ state: 'absent' });
    else if (expected.damaged) expect(reading).toEqual({ state: 'corrupt', order: expected.order });
    else {
      const bytes = Buffer.from(contentOf(key, expected.order, expected.variant));
      expect(reading).toMatchObject({ state: 'present', order: expected.order, bytes });
    }
  }
}

function readAfter(command: Command): Command {
  return {
    ...command,
    async run(model, real) {
      await command.run(model, real);
      await checkAll(model, real);
    },
  };
}

it('behaves as a map in which nothing ever becomes older', async () => {
  const key = fc.constantFrom('a', 'b');
  const order = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 3 }));
  const commands = [
    fc.tuple(key, order, fc.integer({ min: 0, max: 1 })).map((parts) => readAfter(storeCommand(...parts))),
    fc.tuple(key, fc.boolean()).map((parts) => readAfter(damageCommand(...parts))),
    fc.constant(readAfter(reopenCommand)),
  ];
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 20 }), async (sequence) => {
      const cache = await openCollateralCache(temporaryDirectory());
      const start = (): { model: Model; real: Real } => ({
        model: { newest: new Map() },
        real: { cache, hashes: new Map() },
      });
      await fc.asyncModelRun(start, sequence);
    }),
    { numRuns: 40 },
  );
}, 30_000);
