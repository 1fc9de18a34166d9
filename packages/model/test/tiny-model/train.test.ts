import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Corpus } from '../../../../scripts/tiny-model/corpus.ts';
import { generateGreedily } from '../../../../scripts/tiny-model/generate.ts';
import { tinyRecipe } from '../../../../scripts/tiny-model/recipe.ts';
import { encodeChat } from '../../../../scripts/tiny-model/render-chat.ts';
import { type TrainedModel, trainModel } from '../../../../scripts/tiny-model/train.ts';
import { encodeGguf } from '../../../../scripts/tiny-model/write-gguf.ts';

const corpus: Corpus = {
  prose: ['The host is paid.'],
  dialogues: [
    {
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hi there!' },
      ],
      tools: [],
    },
    {
      messages: [
        { role: 'user', content: 'Bye' },
        { role: 'assistant', content: 'See you.' },
      ],
      tools: [],
    },
  ],
};
const recipe = {
  ...tinyRecipe,
  mergeCount: 10,
  shape: { ...tinyRecipe.shape, width: 24, layers: 1, heads: 2, hidden: 32, contextTokens: 64 },
  steps: 80,
  tokensPerStep: 64,
  warmupSteps: 5,
  peakLearningRate: 1e-2,
};
const digest = (model: TrainedModel): string =>
  createHash('sha256')
    .update(encodeGguf('t', model.shape, model.weights, model.tokenizer))
    .digest('hex');

it('learns a corpus by heart', () => {
  const losses: number[] = [];
  const model = trainModel(corpus, recipe, ({ loss }) => losses.push(loss));
  expect(losses[0]).toBeGreaterThan(4);
  expect(model.finalLoss).toBeLessThan(0.5);
  const prompt = encodeChat(model.tokenizer, '<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n');
  const answer = generateGreedily(model.shape, model.weights, prompt, 20);
  expect(model.tokenizer.decode(answer)).toBe('Hi there!');
});

it('gives the same bytes again, and others for another seed', () => {
  const short = { ...recipe, steps: 5 };
  const first = digest(trainModel(corpus, short));
  expect(digest(trainModel(corpus, short))).toBe(first);
  expect(digest(trainModel(corpus, { ...short, seed: 1 }))).not.toBe(first);
});
