import { describeEngine } from '@dcml/testing/engine';
import { createTinyEngine } from './tiny-engine.ts';

describeEngine('llama.cpp', async () => ({
  engine: await createTinyEngine({ maxWaiting: 32 }),
  dispose: () => Promise.resolve(),
}));
