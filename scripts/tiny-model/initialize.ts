import {
  allocateTensors,
  type Floats,
  type ModelShape,
  type Tensors,
  tensor,
  tensorShapes,
} from './model-shape.ts';
import type { RandomStream } from './random.ts';

/** Normal weights scaled by fan-in, ones for norms; what writes into the residual stream starts smaller (GPT-2). */
export function initializeWeights(
  shape: ModelShape,
  random: RandomStream,
  allocate: (length: number) => Floats = (length) => new Float32Array(length),
): Tensors {
  const weights = allocateTensors(shape, allocate);
  for (const { name, columns, kind } of tensorShapes(shape)) {
    const values = tensor(weights, name);
    if (kind === 'norm') {
      values.fill(1);
      continue;
    }
    const isResidual = name.includes('attn_output') || name.includes('ffn_down');
    const isEmbedding = name === 'token_embd.weight';
    const scale =
      (isEmbedding ? 0.1 : 1 / Math.sqrt(columns)) / (isResidual ? Math.sqrt(2 * shape.layers) : 1);
    for (let i = 0; i < values.length; i++) values[i] = random.normal() * scale;
  }
  return weights;
}
