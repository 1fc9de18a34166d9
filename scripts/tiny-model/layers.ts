import type { Floats } from './model-shape.ts';

/** `y = x / rms(x) * gain` per row; `scales` keeps 1 / rms for the way back. */
export function normalize(
  y: Floats,
  scales: Floats,
  x: Floats,
  gain: Floats,
  rows: number,
  epsilon: number,
): void {
  const width = gain.length;
  for (let i = 0; i < rows; i++) {
    let squares = 0;
    for (let k = 0; k < width; k++) squares += x[i * width + k]! ** 2;
    const scale = 1 / Math.sqrt(squares / width + epsilon);
    scales[i] = scale;
    for (let k = 0; k < width; k++) y[i * width + k] = x[i * width + k]! * scale * gain[k]!;
  }
}

/** Adds to `dx` and `dGain`. */
export function normalizeBackward(
  dx: Floats,
  dGain: Floats,
  dy: Floats,
  x: Floats,
  scales: Floats,
  gain: Floats,
  rows: number,
): void {
  const width = gain.length;
  for (let i = 0; i < rows; i++) {
    const scale = scales[i]!;
    let dot = 0;
    for (let k = 0; k < width; k++) dot += dy[i * width + k]! * gain[k]! * x[i * width + k]!;
    const pull = (dot * scale ** 3) / width;
    for (let k = 0; k < width; k++) {
      const at = i * width + k;
      dGain[k] = dGain[k]! + dy[at]! * x[at]! * scale;
      dx[at] = dx[at]! + dy[at]! * gain[k]! * scale - x[at]! * pull;
    }
  }
}

/**
 * Rotary positions on neighbouring pairs `(x[2i], x[2i+1])`: the layout that llama.cpp uses for this architecture.
 * (Checkpoints of the transformers library pair `x[i]` with `x[i + size/2]`, and converters permute them.)
 * `direction` -1 undoes the rotation, which is also its gradient.
 */
export function rotate(
  x: Floats,
  positions: Int32Array,
  heads: number,
  size: number,
  base: number,
  direction: 1 | -1,
): void {
  for (let pair = 0; pair < size / 2; pair++) {
    const frequency = base ** ((-2 * pair) / size);
    for (let i = 0; i < positions.length; i++) {
      const angle = positions[i]! * frequency;
      const cos = Math.cos(angle);
      const sin = Math.sin(angle) * direction;
      for (let head = 0; head < heads; head++) {
        const at = (i * heads + head) * size + 2 * pair;
        const even = x[at]!;
        const odd = x[at + 1]!;
        x[at] = even * cos - odd * sin;
        x[at + 1] = even * sin + odd * cos;
      }
    }
  }
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** `y = silu(gate) * up`. */
export function gatedUnit(y: Floats, gate: Floats, up: Floats): void {
  for (let i = 0; i < y.length; i++) y[i] = gate[i]! * sigmoid(gate[i]!) * up[i]!;
}

/** Writes `dGate` and `dUp`. */
export function gatedUnitBackward(dGate: Floats, dUp: Floats, dy: Floats, gate: Floats, up: Floats): void {
  for (let i = 0; i < dy.length; i++) {
    const open = sigmoid(gate[i]!);
    dUp[i] = dy[i]! * gate[i]! * open;
    dGate[i] = dy[i]! * up[i]! * open * (1 + gate[i]! * (1 - open));
  }
}
