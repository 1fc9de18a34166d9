import { allocateTensors, type ModelShape, type Tensors, tensor, tensorShapes } from './model-shape.ts';

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled (AdamW), on matrices only. */
  readonly weightDecay: number;
  /** Gradients are scaled down to this Euclidean norm over all tensors. */
  readonly maxNorm: number;
}

export interface Adam {
  /** Applies the gradients once and clears them. */
  step(weights: Tensors, gradients: Tensors, learningRate: number): void;
}

/** Adam with decoupled weight decay (Kingma and Ba 2015, Loshchilov and Hutter 2019). */
export function createAdam(shape: ModelShape, options: AdamOptions): Adam {
  const first = allocateTensors(shape, (length) => new Float32Array(length));
  const second = allocateTensors(shape, (length) => new Float32Array(length));
  let steps = 0;
  return {
    step(weights, gradients, learningRate) {
      steps++;
      const { beta1, beta2, epsilon, weightDecay, maxNorm } = options;
      let squares = 0;
      for (const values of gradients.values()) for (const value of values) squares += value * value;
      const clip = Math.min(1, maxNorm / Math.sqrt(squares + 1e-12));
      const correction1 = 1 - beta1 ** steps;
      const correction2 = 1 - beta2 ** steps;
      for (const { name, kind } of tensorShapes(shape)) {
        const w = tensor(weights, name);
        const g = tensor(gradients, name);
        const m = tensor(first, name);
        const v = tensor(second, name);
        const decay = kind === 'matrix' ? learningRate * weightDecay : 0;
        for (let i = 0; i < w.length; i++) {
          const gradient = g[i]! * clip;
          m[i] = beta1 * m[i]! + (1 - beta1) * gradient;
          v[i] = beta2 * v[i]! + (1 - beta2) * gradient * gradient;
          const move = m[i]! / correction1 / (Math.sqrt(v[i]! / correction2) + epsilon);
          w[i] = w[i]! - learningRate * move - decay * w[i]!;
        }
        g.fill(0);
      }
    },
  };
}
