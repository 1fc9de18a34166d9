import fc from 'fast-check';
import { expect, it } from 'vitest';
import { multiplyRows, transpose } from '../../../../scripts/tiny-model/matrix.ts';
import { createRandomStream } from '../../../../scripts/tiny-model/random.ts';

const size = fc.integer({ min: 1, max: 11 });

it('equals the product as defined, for sizes on and off the blocks', () => {
  fc.assert(
    fc.property(size, size, size, fc.boolean(), (rows, columns, inner, accumulate) => {
      const random = createRandomStream(rows * 121 + columns * 11 + inner);
      const fill = (length: number): Float64Array => Float64Array.from({ length }, () => random.normal());
      const a = fill(rows * inner);
      const b = fill(columns * inner);
      const out = fill(rows * columns);
      const expected = out.map((before, at) => {
        const i = Math.floor(at / columns);
        const j = at % columns;
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += a[i * inner + k]! * b[j * inner + k]!;
        return (accumulate ? before : 0) + sum;
      });
      multiplyRows(out, a, b, rows, columns, inner, accumulate);
      out.forEach((value, at) => {
        expect(value).toBeCloseTo(expected[at]!, 12);
      });
    }),
  );
});

it('transposes', () => {
  expect(transpose(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3)).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
});
