import { expect, it } from 'vitest';
import { backward, crossEntropy } from '../../../../scripts/tiny-model/backward.ts';
import { batchTexts, forward } from '../../../../scripts/tiny-model/forward.ts';
import { initializeWeights } from '../../../../scripts/tiny-model/initialize.ts';
import {
  allocateTensors,
  type ModelShape,
  type Tensors,
  tensor,
  tensorShapes,
} from '../../../../scripts/tiny-model/model-shape.ts';
import { createRandomStream } from '../../../../scripts/tiny-model/random.ts';

// Two query heads per key-value head, two texts of different lengths, sizes that miss the blocks of the product.
const micro: ModelShape = {
  vocabulary: 11,
  width: 12,
  layers: 2,
  heads: 2,
  keyValueHeads: 1,
  hidden: 7,
  contextTokens: 16,
  ropeBase: 100,
  normEpsilon: 1e-5,
};
const batch = batchTexts([
  [1, 4, 2, 9, 3],
  [7, 0, 10],
]);
const targets = Int32Array.from([4, 2, -1, 3, 5, 0, 10, 1]);

function lossOf(weights: Tensors): number {
  return crossEntropy(micro, forward(micro, weights, batch), targets);
}

const weights = initializeWeights(micro, createRandomStream(7), (length) => new Float64Array(length));
for (const { name } of tensorShapes(micro)) {
  // Away from the symmetric start: gains differ from one and the embedding is not tiny.
  const random = createRandomStream(name.length);
  const values = tensor(weights, name);
  for (let i = 0; i < values.length; i++) values[i] = values[i]! + 0.2 * random.normal();
}
const gradients = allocateTensors(micro, (length) => new Float64Array(length));
const trace = forward(micro, weights, batch);
crossEntropy(micro, trace, targets);
backward(micro, weights, gradients, batch, trace);

it.each(tensorShapes(micro).map(({ name }) => name))('gradient of %s equals finite differences', (name) => {
  const values = tensor(weights, name);
  const analytic = tensor(gradients, name);
  const step = 1e-5;
  for (let i = 0; i < values.length; i++) {
    const kept = values[i]!;
    values[i] = kept + step;
    const above = lossOf(weights);
    values[i] = kept - step;
    const below = lossOf(weights);
    values[i] = kept;
    expect(analytic[i]!).toBeCloseTo((above - below) / (2 * step), 7);
  }
});
