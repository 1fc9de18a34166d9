import type { Floats } from './model-shape.ts';

/**
 * `out[i][j] (+)= sum over k of a[i][k] * b[j][k]`, all row-major. The one matrix product of this program:
 * the others are made from it by transposing. Blocks of 2 x 4 keep eight sums in registers.
 */
export function multiplyRows(
  out: Floats,
  a: Floats,
  b: Floats,
  rows: number,
  columns: number,
  inner: number,
  accumulate: boolean,
): void {
  if (!accumulate) out.fill(0, 0, rows * columns);
  const evenRows = rows - (rows % 2);
  const fourColumns = columns - (columns % 4);
  for (let i = 0; i < evenRows; i += 2) {
    const a0 = i * inner;
    const a1 = a0 + inner;
    for (let j = 0; j < fourColumns; j += 4) {
      const b0 = j * inner;
      const b1 = b0 + inner;
      const b2 = b1 + inner;
      const b3 = b2 + inner;
      let s00 = 0,
        s01 = 0,
        s02 = 0,
        s03 = 0;
      let s10 = 0,
        s11 = 0,
        s12 = 0,
        s13 = 0;
      for (let k = 0; k < inner; k++) {
        const x0 = a[a0 + k]!;
        const x1 = a[a1 + k]!;
        const y0 = b[b0 + k]!;
        const y1 = b[b1 + k]!;
        const y2 = b[b2 + k]!;
        const y3 = b[b3 + k]!;
        s00 += x0 * y0;
        s01 += x0 * y1;
        s02 += x0 * y2;
        s03 += x0 * y3;
        s10 += x1 * y0;
        s11 += x1 * y1;
        s12 += x1 * y2;
        s13 += x1 * y3;
      }
      const o0 = i * columns + j;
      const o1 = o0 + columns;
      out[o0] = out[o0]! + s00;
      out[o0 + 1] = out[o0 + 1]! + s01;
      out[o0 + 2] = out[o0 + 2]! + s02;
      out[o0 + 3] = out[o0 + 3]! + s03;
      out[o1] = out[o1]! + s10;
      out[o1 + 1] = out[o1 + 1]! + s11;
      out[o1 + 2] = out[o1 + 2]! + s12;
      out[o1 + 3] = out[o1 + 3]! + s13;
    }
    multiplyEdge(out, a, b, i, i + 2, fourColumns, columns, columns, inner);
  }
  multiplyEdge(out, a, b, evenRows, rows, 0, columns, columns, inner);
}

function multiplyEdge(
  out: Floats,
  a: Floats,
  b: Floats,
  firstRow: number,
  endRow: number,
  firstColumn: number,
  endColumn: number,
  columns: number,
  inner: number,
): void {
  for (let i = firstRow; i < endRow; i++) {
    for (let j = firstColumn; j < endColumn; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[i * inner + k]! * b[j * inner + k]!;
      out[i * columns + j] = out[i * columns + j]! + sum;
    }
  }
}

/** The transpose of a row-major matrix, in a new array of the same kind. */
export function transpose(a: Floats, rows: number, columns: number): Floats {
  const out = a instanceof Float32Array ? new Float32Array(rows * columns) : new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j]!;
  }
  return out;
}

/** Gradients of `y = x * w^T`: adds to `dw`, and to `dx` unless it is null. */
export function multiplyBackward(
  dx: Floats | null,
  dw: Floats,
  dy: Floats,
  x: Floats,
  w: Floats,
  rows: number,
  columns: number,
  inner: number,
): void {
  if (dx !== null) multiplyRows(dx, dy, transpose(w, columns, inner), rows, inner, columns, true);
  multiplyRows(dw, transpose(dy, rows, columns), transpose(x, rows, inner), columns, inner, rows, true);
}
