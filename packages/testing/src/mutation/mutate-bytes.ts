import { concatBytes } from '@dcml/core';
import type { SeededChoice } from './seeded-choice.ts';

type Change = (bytes: Uint8Array, choose: SeededChoice) => Uint8Array;

function writeAt(bytes: Uint8Array, offset: number, part: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed.set(part.subarray(0, Math.max(0, bytes.length - offset)), offset);
  return changed;
}

/** Values that lengths, versions and counts break on. */
const extremes: readonly number[] = [0x00, 0x01, 0x7f, 0x80, 0xff];

const flipBit: Change = (bytes, choose) => {
  const offset = choose.below(bytes.length);
  return writeAt(bytes, offset, Uint8Array.of(bytes[offset]! ^ (1 << choose.below(8))));
};
const setByte: Change = (bytes, choose) =>
  writeAt(bytes, choose.below(bytes.length), Uint8Array.of(choose.pick(extremes)));
const fill: Change = (bytes, choose) =>
  writeAt(
    bytes,
    choose.below(bytes.length),
    new Uint8Array(1 + choose.below(16)).fill(choose.pick(extremes)),
  );
const truncate: Change = (bytes, choose) => bytes.slice(0, choose.below(bytes.length));
const append: Change = (bytes, choose) => concatBytes(bytes, choose.bytes(1 + choose.below(8)));
const remove: Change = (bytes, choose) => {
  const offset = choose.below(bytes.length);
  return concatBytes(bytes.subarray(0, offset), bytes.subarray(offset + 1 + choose.below(8)));
};
const insert: Change = (bytes, choose) => {
  const offset = choose.below(bytes.length);
  return concatBytes(bytes.subarray(0, offset), choose.bytes(1 + choose.below(8)), bytes.subarray(offset));
};
const copyWithin: Change = (bytes, choose) => {
  const length = 1 + choose.below(64);
  const from = choose.below(bytes.length);
  return writeAt(bytes, choose.below(bytes.length), bytes.slice(from, from + length));
};

// A flip of one bit is the change that a weak check is most likely to miss.
const changes: readonly Change[] = [
  flipBit,
  flipBit,
  flipBit,
  setByte,
  fill,
  truncate,
  append,
  remove,
  insert,
  copyWithin,
];

/** One change of bytes; with a donor of the same field, sometimes a stretch of the donor in the same place. */
export function mutateBytes(bytes: Uint8Array, choose: SeededChoice, donor?: Uint8Array): Uint8Array {
  if (bytes.length === 0) return choose.bytes(1 + choose.below(8));
  if (donor !== undefined && choose.below(4) === 0) {
    const offset = choose.below(bytes.length);
    return writeAt(bytes, offset, donor.slice(offset, offset + 1 + choose.below(200)));
  }
  return choose.pick(changes)(bytes, choose);
}
