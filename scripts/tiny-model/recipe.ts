import type { AdamOptions } from './adam.ts';
import type { ModelShape } from './model-shape.ts';

/** Everything besides the corpus and the code that decides the weights. */
export interface Recipe {
  readonly name: string;
  readonly seed: number;
  readonly mergeCount: number;
  readonly shape: Omit<ModelShape, 'vocabulary'>;
  readonly steps: number;
  readonly tokensPerStep: number;
  readonly warmupSteps: number;
  readonly peakLearningRate: number;
  readonly finalLearningRate: number;
  readonly adam: AdamOptions;
  /** Share of dialogues without one that get a system message, so that the model bears it. */
  readonly systemShare: number;
  readonly systemMessages: readonly string[];
  /** Share of dialogues that go on with another one, so that the model bears a longer conversation. */
  readonly chainShare: number;
}

export const tinyRecipe: Recipe = {
  name: 'dcml tiny',
  seed: 20_260_101,
  mergeCount: 509,
  shape: {
    width: 96,
    layers: 3,
    heads: 3,
    keyValueHeads: 1,
    hidden: 256,
    contextTokens: 2048,
    ropeBase: 10_000,
    normEpsilon: 1e-5,
  },
  steps: 700,
  tokensPerStep: 512,
  warmupSteps: 40,
  peakLearningRate: 3e-3,
  finalLearningRate: 1e-4,
  adam: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.02, maxNorm: 1 },
  systemShare: 0.3,
  systemMessages: [
    'You are a helpful assistant.',
    'You answer in short sentences.',
    'You are a small model that runs in an enclave.',
    'Be brief and polite.',
  ],
  chainShare: 0.3,
};
