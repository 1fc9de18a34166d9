import type { LlamaContext } from 'node-llama-cpp';
import { describe, expect, it } from 'vitest';
import { type SequenceLease, SequencePool } from '../../src/engine/llama/sequence-pool.ts';

const signal = new AbortController().signal;

function fakeContext(sequences: number): { readonly context: LlamaContext; readonly cleared: number[] } {
  const cleared: number[] = [];
  let left = sequences;
  const context = {
    get sequencesLeft() {
      return left;
    },
    getSequence() {
      const id = --left;
      return { id, disposed: false, clearHistory: () => Promise.resolve(void cleared.push(id)) };
    },
  };
  return { context: context as unknown as LlamaContext, cleared };
}

describe('SequencePool', () => {
  it('serves the tenant with the fewest running answers next, and each tenant in order', async () => {
    const { context } = fakeContext(2);
    const pool = new SequencePool(context, 10);
    const order: string[] = [];
    const leases: SequenceLease[] = [];
    const ask = (name: string): Promise<void> =>
      pool.acquire(name[0]!, signal).then((lease) => {
        order.push(name);
        leases.push(lease);
      });
    const asked = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2'].map(ask);
    await asked[1];
    for (const next of ['b1', 'a3', 'b2', 'a4']) {
      await leases.shift()!.release();
      await asked[['a1', 'a2', 'a3', 'a4', 'b1', 'b2'].indexOf(next)];
    }
    expect(order).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  });

  it('erases a sequence before anybody else gets it, and once', async () => {
    const { context, cleared } = fakeContext(1);
    const pool = new SequencePool(context, 10);
    const lease = await pool.acquire('a', signal);
    const waiting = pool.acquire('b', signal);
    await lease.release();
    await lease.release();
    expect(cleared).toEqual([0]);
    expect((await waiting).sequence).toBe(lease.sequence);
  });

  it('counts free and waiting places: ENGINE_BUSY', async () => {
    const { context } = fakeContext(2);
    const pool = new SequencePool(context, 1);
    pool.assertRoom(3);
    expect(() => pool.assertRoom(4)).toThrow(expect.objectContaining({ code: 'ENGINE_BUSY' }));
    await pool.acquire('a', signal);
    expect(() => pool.assertRoom(3)).toThrow(expect.objectContaining({ code: 'ENGINE_BUSY' }));
  });

  it('lets the waiting go when it closes: ENGINE_DEAD', async () => {
    const { context } = fakeContext(1);
    const pool = new SequencePool(context, 1);
    await pool.acquire('a', signal);
    const waiting = pool.acquire('a', signal);
    pool.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ENGINE_DEAD' });
    await expect(pool.acquire('a', signal)).rejects.toMatchObject({ code: 'ENGINE_DEAD' });
  });
});
