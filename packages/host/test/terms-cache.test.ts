import { expect, it } from 'vitest';
import { createTermsCache } from '../src/public/terms-cache.ts';
import { FakeChain, model } from './fixtures.ts';

it('asks the chain once in two seconds, and again after an error', async () => {
  const chain = new FakeChain();
  let asked = 0;
  const ask = chain.getModelTerms.bind(chain);
  chain.getModelTerms = (wanted) => {
    asked++;
    return ask(wanted);
  };
  let now = 0;
  const read = createTermsCache(chain, { now: () => 0, monotonicMs: () => now });
  const signal = new AbortController().signal;
  chain.failures = 1;
  await expect(read(model, signal)).rejects.toThrow();
  await read(model, signal);
  await read(model, signal);
  expect(asked).toBe(2);
  now = 2_001;
  await read(model, signal);
  expect(asked).toBe(3);
});
