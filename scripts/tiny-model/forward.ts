import { attend, attentionSize, type Segment } from './attention.ts';
import { gatedUnit, normalize, rotate } from './layers.ts';
import { multiplyRows } from './matrix.ts';
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

/** Texts of different lengths, one after the other. */
export interface Batch {
  readonly tokens: Int32Array;
  readonly positions: Int32Array;
  readonly segments: readonly Segment[];
}

export function batchTexts(texts: readonly (readonly number[])[]): Batch {
  const segments: Segment[] = [];
  let start = 0;
  for (const { length } of texts) {
    segments.push({ start, length });
    start += length;
  }
  return {
    tokens: Int32Array.from(texts.flat()),
    positions: Int32Array.from(texts.flatMap((text) => text.map((_, i) => i))),
    segments,
  };
}

/** What one layer keeps for the way back. */
export interface LayerTrace {
  readonly input: Floats;
  readonly attnNormed: Floats;
  readonly attnScales: Floats;
  readonly q: Floats;
  readonly k: Floats;
  readonly v: Floats;
  readonly weights: Floats;
  readonly mixed: Floats;
  readonly middle: Floats;
  readonly ffnNormed: Floats;
  readonly ffnScales: Floats;
  readonly gate: Floats;
  readonly up: Floats;
  readonly gated: Floats;
}

export interface Trace {
  readonly layers: readonly LayerTrace[];
  readonly last: Floats;
  readonly lastScales: Floats;
  readonly lastNormed: Floats;
  /** One row of `vocabulary` values per token of the batch. */
  readonly logits: Floats;
}

/** The llama architecture: RMS norms, rotary positions, grouped attention, SwiGLU, tied output. */
export function forward(shape: ModelShape, weights: Tensors, batch: Batch): Trace {
  const rows = batch.tokens.length;
  const embedding = tensor(weights, 'token_embd.weight');
  const room = (columns: number): Floats =>
    embedding instanceof Float32Array ? new Float32Array(rows * columns) : new Float64Array(rows * columns);
  let stream = room(shape.width);
  for (let i = 0; i < rows; i++) {
    const at = batch.tokens[i]! * shape.width;
    stream.set(embedding.subarray(at, at + shape.width), i * shape.width);
  }
  const layers: LayerTrace[] = [];
  for (let layer = 0; layer < shape.layers; layer++) {
    const trace = forwardLayer(shape, weights, batch, layer, stream, room);
    layers.push(trace.kept);
    stream = trace.output;
  }
  const lastScales = room(1);
  const lastNormed = room(shape.width);
  normalize(lastNormed, lastScales, stream, tensor(weights, 'output_norm.weight'), rows, shape.normEpsilon);
  const logits = room(shape.vocabulary);
  multiplyRows(logits, lastNormed, embedding, rows, shape.vocabulary, shape.width, false);
  return { layers, last: stream, lastScales, lastNormed, logits };
}

function forwardLayer(
  shape: ModelShape,
  weights: Tensors,
  batch: Batch,
  layer: number,
  input: Floats,
  room: (columns: number) => Floats,
): { kept: LayerTrace; output: Floats } {
  const rows = batch.tokens.length;
  const { width, hidden, normEpsilon } = shape;
  const kvWidth = keyValueWidth(shape);
  const size = headSize(shape);
  const w = (role: TensorRole): Floats => tensor(weights, layerTensor(layer, role));

  const attnScales = room(1);
  const attnNormed = room(width);
  normalize(attnNormed, attnScales, input, w('attn_norm'), rows, normEpsilon);
  const q = room(width);
  const k = room(kvWidth);
  const v = room(kvWidth);
  multiplyRows(q, attnNormed, w('attn_q'), rows, width, width, false);
  multiplyRows(k, attnNormed, w('attn_k'), rows, kvWidth, width, false);
  multiplyRows(v, attnNormed, w('attn_v'), rows, kvWidth, width, false);
  rotate(q, batch.positions, shape.heads, size, shape.ropeBase, 1);
  rotate(k, batch.positions, shape.keyValueHeads, size, shape.ropeBase, 1);
  const length = attentionSize(shape, batch.segments);
  const attention = input instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  const mixed = room(width);
  attend(mixed, attention, q, k, v, shape, batch.segments);
  const middle = input.slice();
  multiplyRows(middle, mixed, w('attn_output'), rows, width, width, true);

  const ffnScales = room(1);
  const ffnNormed = room(width);
  normalize(ffnNormed, ffnScales, middle, w('ffn_norm'), rows, normEpsilon);
  const gate = room(hidden);
  const up = room(hidden);
  multiplyRows(gate, ffnNormed, w('ffn_gate'), rows, hidden, width, false);
  multiplyRows(up, ffnNormed, w('ffn_up'), rows, hidden, width, false);
  const gated = room(hidden);
  gatedUnit(gated, gate, up);
  const output = middle.slice();
  multiplyRows(output, gated, w('ffn_down'), rows, width, hidden, true);
  return {
    kept: {
      input,
      attnNormed,
      attnScales,
      q,
      k,
      v,
      weights: attention,
      mixed,
      middle,
      ffnNormed,
      ffnScales,
      gate,
      up,
      gated,
    },
    output,
  };
}
