import { attendBackward } from './attention.ts';
import type { Batch, LayerTrace, Trace } from './forward.ts';
import { gatedUnitBackward, normalizeBackward, rotate } from './layers.ts';
import { multiplyBackward } from './matrix.ts';
import {
  type Floats,
  headSize,
  keyValueWidth,
  layerTensor,
  type ModelShape,
  type TensorRole,
  type Tensors,
  tensor,
} from './model-shape.ts';

const like = (model: Floats): Floats =>
  model instanceof Float32Array ? new Float32Array(model.length) : new Float64Array(model.length);

/**
 * Mean cross entropy of predicting `targets` (one per row; -1 is not counted), in nats.
 * The gradient by the logits replaces the logits in `trace`.
 */
export function crossEntropy(shape: ModelShape, trace: Trace, targets: Int32Array): number {
  const { logits } = trace;
  const counted = targets.reduce((sum, target) => sum + (target >= 0 ? 1 : 0), 0);
  let loss = 0;
  for (let i = 0; i < targets.length; i++) {
    const row = logits.subarray(i * shape.vocabulary, (i + 1) * shape.vocabulary);
    const target = targets[i]!;
    if (target < 0) {
      row.fill(0);
      continue;
    }
    let highest = Number.NEGATIVE_INFINITY;
    for (const value of row) if (value > highest) highest = value;
    let total = 0;
    for (const value of row) total += Math.exp(value - highest);
    loss += Math.log(total) + highest - row[target]!;
    for (let j = 0; j < row.length; j++) {
      row[j] = (Math.exp(row[j]! - highest) / total - (j === target ? 1 : 0)) / counted;
    }
  }
  return loss / counted;
}

/** Adds the gradients of the loss by every weight to `gradients`; call after `crossEntropy`. */
export function backward(
  shape: ModelShape,
  weights: Tensors,
  gradients: Tensors,
  batch: Batch,
  trace: Trace,
): void {
  const rows = batch.tokens.length;
  const embedding = tensor(weights, 'token_embd.weight');
  const dEmbedding = tensor(gradients, 'token_embd.weight');
  const dNormed = like(trace.last);
  multiplyBackward(
    dNormed,
    dEmbedding,
    trace.logits,
    trace.lastNormed,
    embedding,
    rows,
    shape.vocabulary,
    shape.width,
  );
  const dStream = like(trace.last);
  normalizeBackward(
    dStream,
    tensor(gradients, 'output_norm.weight'),
    dNormed,
    trace.last,
    trace.lastScales,
    tensor(weights, 'output_norm.weight'),
    rows,
  );
  for (let layer = shape.layers - 1; layer >= 0; layer--) {
    backwardLayer(shape, weights, gradients, batch, layer, trace.layers[layer]!, dStream);
  }
  for (let i = 0; i < rows; i++) {
    const at = batch.tokens[i]! * shape.width;
    for (let c = 0; c < shape.width; c++) {
      dEmbedding[at + c] = dEmbedding[at + c]! + dStream[i * shape.width + c]!;
    }
  }
}

/** `dStream` comes in as the gradient by the layer's output and leaves as that by its input. */
function backwardLayer(
  shape: ModelShape,
  weights: Tensors,
  gradients: Tensors,
  batch: Batch,
  layer: number,
  kept: LayerTrace,
  dStream: Floats,
): void {
  const rows = batch.tokens.length;
  const { width, hidden } = shape;
  const kvWidth = keyValueWidth(shape);
  const size = headSize(shape);
  const w = (role: TensorRole): Floats => tensor(weights, layerTensor(layer, role));
  const dw = (role: TensorRole): Floats => tensor(gradients, layerTensor(layer, role));

  const dGated = like(kept.gated);
  multiplyBackward(dGated, dw('ffn_down'), dStream, kept.gated, w('ffn_down'), rows, width, hidden);
  const dGate = like(kept.gate);
  const dUp = like(kept.up);
  gatedUnitBackward(dGate, dUp, dGated, kept.gate, kept.up);
  const dFfnNormed = like(kept.ffnNormed);
  multiplyBackward(dFfnNormed, dw('ffn_gate'), dGate, kept.ffnNormed, w('ffn_gate'), rows, hidden, width);
  multiplyBackward(dFfnNormed, dw('ffn_up'), dUp, kept.ffnNormed, w('ffn_up'), rows, hidden, width);
  // The residual keeps dStream and the norm adds to it: now it is the gradient by `middle`.
  normalizeBackward(dStream, dw('ffn_norm'), dFfnNormed, kept.middle, kept.ffnScales, w('ffn_norm'), rows);

  const dMixed = like(kept.mixed);
  multiplyBackward(dMixed, dw('attn_output'), dStream, kept.mixed, w('attn_output'), rows, width, width);
  const dq = like(kept.q);
  const dk = like(kept.k);
  const dv = like(kept.v);
  attendBackward(dq, dk, dv, dMixed, kept.weights, kept.q, kept.k, kept.v, shape, batch.segments);
  rotate(dq, batch.positions, shape.heads, size, shape.ropeBase, -1);
  rotate(dk, batch.positions, shape.keyValueHeads, size, shape.ropeBase, -1);
  const dAttnNormed = like(kept.attnNormed);
  multiplyBackward(dAttnNormed, dw('attn_q'), dq, kept.attnNormed, w('attn_q'), rows, width, width);
  multiplyBackward(dAttnNormed, dw('attn_k'), dk, kept.attnNormed, w('attn_k'), rows, kvWidth, width);
  multiplyBackward(dAttnNormed, dw('attn_v'), dv, kept.attnNormed, w('attn_v'), rows, kvWidth, width);
  normalizeBackward(dStream, dw('attn_norm'), dAttnNormed, kept.input, kept.attnScales, w('attn_norm'), rows);
}
