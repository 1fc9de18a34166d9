import { type Floats, headSize, type ModelShape } from './model-shape.ts';

/** Rows of a batch that belong to one text: attention never crosses texts. */
export interface Segment {
  readonly start: number;
  readonly length: number;
}

/** Room that the attention weights of a batch need: per head a square per segment. */
export function attentionSize(shape: ModelShape, segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + shape.heads * length * length, 0);
}

function forEachHead(
  shape: ModelShape,
  segments: readonly Segment[],
  visit: (segment: Segment, weightsAt: number, queryAt: number, keyAt: number) => void,
): void {
  const size = headSize(shape);
  const group = shape.heads / shape.keyValueHeads;
  let weightsAt = 0;
  for (const segment of segments) {
    for (let head = 0; head < shape.heads; head++) {
      visit(segment, weightsAt, head * size, Math.floor(head / group) * size);
      weightsAt += segment.length * segment.length;
    }
  }
}

/** Causal softmax attention with grouped key-value heads; `p` keeps the weights for the way back. */
export function attend(
  out: Floats,
  p: Floats,
  q: Floats,
  k: Floats,
  v: Floats,
  shape: ModelShape,
  segments: readonly Segment[],
): void {
  const size = headSize(shape);
  const width = shape.width;
  const kvWidth = size * shape.keyValueHeads;
  const scale = 1 / Math.sqrt(size);
  out.fill(0);
  forEachHead(shape, segments, ({ start, length }, weightsAt, queryAt, keyAt) => {
    for (let i = 0; i < length; i++) {
      const row = weightsAt + i * length;
      const qi = (start + i) * width + queryAt;
      let highest = Number.NEGATIVE_INFINITY;
      for (let j = 0; j <= i; j++) {
        const kj = (start + j) * kvWidth + keyAt;
        let score = 0;
        for (let c = 0; c < size; c++) score += q[qi + c]! * k[kj + c]!;
        score *= scale;
        p[row + j] = score;
        if (score > highest) highest = score;
      }
      let total = 0;
      for (let j = 0; j <= i; j++) {
        const weight = Math.exp(p[row + j]! - highest);
        p[row + j] = weight;
        total += weight;
      }
      for (let j = 0; j <= i; j++) {
        const weight = p[row + j]! / total;
        p[row + j] = weight;
        const vj = (start + j) * kvWidth + keyAt;
        for (let c = 0; c < size; c++) out[qi + c] = out[qi + c]! + weight * v[vj + c]!;
      }
    }
  });
}

/** Adds to `dq`, `dk` and `dv`. */
export function attendBackward(
  dq: Floats,
  dk: Floats,
  dv: Floats,
  dOut: Floats,
  p: Floats,
  q: Floats,
  k: Floats,
  v: Floats,
  shape: ModelShape,
  segments: readonly Segment[],
): void {
  const size = headSize(shape);
  const width = shape.width;
  const kvWidth = size * shape.keyValueHeads;
  const scale = 1 / Math.sqrt(size);
  const longest = Math.max(...segments.map(({ length }) => length));
  const dp = new Float64Array(longest);
  forEachHead(shape, segments, ({ start, length }, weightsAt, queryAt, keyAt) => {
    for (let i = 0; i < length; i++) {
      const row = weightsAt + i * length;
      const qi = (start + i) * width + queryAt;
      let mean = 0;
      for (let j = 0; j <= i; j++) {
        const vj = (start + j) * kvWidth + keyAt;
        const weight = p[row + j]!;
        let dot = 0;
        for (let c = 0; c < size; c++) {
          const d = dOut[qi + c]!;
          dot += d * v[vj + c]!;
          dv[vj + c] = dv[vj + c]! + weight * d;
        }
        dp[j] = dot;
        mean += weight * dot;
      }
      for (let j = 0; j <= i; j++) {
        const dScore = p[row + j]! * (dp[j]! - mean) * scale;
        const kj = (start + j) * kvWidth + keyAt;
        for (let c = 0; c < size; c++) {
          dq[qi + c] = dq[qi + c]! + dScore * k[kj + c]!;
          dk[kj + c] = dk[kj + c]! + dScore * q[qi + c]!;
        }
      }
    }
  });
}
