import { concatBytes } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verify, write } from './simulated-document.ts';

const sound = write();
const seed = fc.readConfigureGlobal().seed ?? 0;

/** A mutation is never accepted and never an exception: `verify` rejecting would fail the test. */
async function expectRefused(document: Uint8Array, what: string): Promise<void> {
  const verdict = await verify(document);
  expect(verdict.outcome, what).toBe('fail');
  expect(verdict.measured, what).toBeNull();
}

async function inBatches<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += 32) await Promise.all(items.slice(i, i + 32).map(run));
}

describe('mutations of a sound Nitro document', () => {
  it('are refused: a flipped bit in every 16th byte of a run, and in all of head and tail', async () => {
    expect((await verify(sound)).outcome).toBe('pass');
    const offsets = Array.from(sound.keys()).filter(
      (offset) => offset % 16 === seed % 16 || offset < 64 || offset >= sound.length - 112,
    );
    await inBatches(offsets, async (offset) => {
      const document = Uint8Array.from(sound);
      document[offset] = document[offset]! ^ (1 << ((offset + seed) % 8));
      await expectRefused(document, `byte ${offset}`);
    });
  });

  it('are refused: cut at any length, and with bytes appended', async () => {
    await inBatches(Array.from(sound.keys()), (length) =>
      expectRefused(sound.slice(0, length), `${length} bytes`),
    );
    for (const more of [Uint8Array.of(0), Uint8Array.of(0xff), sound, new Uint8Array(1 << 20)]) {
      await expectRefused(concatBytes(sound, more), 'appended bytes');
    }
  });

  it('are refused: splices with itself and with random bytes', async () => {
    const splice = fc.record({
      at: fc.integer({ min: 0, max: sound.length - 1 }),
      remove: fc.integer({ min: 0, max: 40 }),
      insert: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc
          .tuple(fc.integer({ min: 0, max: sound.length - 1 }), fc.integer({ min: 0, max: 40 }))
          .map(([at, length]) => sound.slice(at, at + length)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(splice, async ({ at, remove, insert }) => {
        const document = concatBytes(sound.slice(0, at), insert, sound.slice(at + remove));
        fc.pre(Buffer.compare(document, sound) !== 0);
        await expectRefused(document, `splice at ${at}`);
      }),
      { numRuns: 100 },
    );
  });

  it('are refused: random bytes, and lengths that lie', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (document) => {
        await expectRefused(document, 'random bytes');
      }),
      { numRuns: 100 },
    );
    for (const head of ['9a', 'ba', '5a', '7a', 'da']) {
      for (const length of ['00000000', '7fffffff', 'ffffffff']) {
        const lie = Uint8Array.from(Buffer.from(head + length, 'hex'));
        await expectRefused(concatBytes(lie, sound), `${head} ${length}`);
        await expectRefused(concatBytes(sound.slice(0, 7), lie, sound.slice(7)), `inside: ${head} ${length}`);
      }
    }
    await expectRefused(new Uint8Array(1 << 22).fill(0x81), 'arrays inside each other');
  });
});
