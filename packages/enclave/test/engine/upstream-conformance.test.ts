import { describeEngine, serveEngine } from '@dcml/testing/engine';
import { createUpstreamEngine } from '../../src/engine/upstream/create-upstream-engine.ts';
import { createTinyEngine } from './tiny-engine.ts';

// The real openai-shaped server behind the upstream engine is our own llama.cpp engine over HTTP.
describeEngine('upstream', async () => {
  const llama = await createTinyEngine({ contextTokens: 1024, maxWaiting: 32 });
  const server = await serveEngine(llama);
  const engine = await createUpstreamEngine({
    baseUrl: server.baseUrl,
    modelName: 'tiny',
    contextTokens: 1024,
    signal: new AbortController().signal,
  });
  return {
    engine,
    dispose: async () => {
      await server.close();
      await llama.close();
    },
  };
});
