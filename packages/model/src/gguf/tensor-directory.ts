import type { GgufCursor } from './gguf-cursor.ts';
import { type GgufTensor, ggufTensorTypes } from './gguf-types.ts';

const MAX_NAME_CHARACTERS = 128;
const MAX_DIMENSIONS = 4;

const alignUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment;

function readDimensions(cursor: GgufCursor): number[] {
  const count = cursor.uint32();
  if (count < 1 || count > MAX_DIMENSIONS) cursor.fail(`a tensor has ${count} dimensions`);
  return Array.from({ length: count }, () => {
    const dimension = cursor.size('dimension');
    if (dimension === 0) cursor.fail('a tensor has an empty dimension');
    return dimension;
  });
}

function byteLengthOf(
  cursor: GgufCursor,
  dimensions: readonly number[],
  block: number,
  bytes: number,
): number {
  if (dimensions[0]! % block !== 0) cursor.fail('a row is not a whole number of blocks');
  let length = (dimensions[0]! / block) * bytes;
  for (const dimension of dimensions.slice(1)) length *= dimension;
  // Bounded by the file, so the product above was exact wherever it is accepted.
  if (length > cursor.remaining) cursor.fail('a tensor is larger than the file');
  return length;
}

/** Tensors must follow each other without overlap and end where the file ends, but for padding. */
function assertLayout(
  cursor: GgufCursor,
  tensors: readonly GgufTensor[],
  dataOffset: number,
  alignment: number,
  fileSize: number,
): void {
  let end = dataOffset;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset)) {
    if (tensor.offset < end) cursor.fail(`tensor ${tensor.name} overlaps another`);
    if (tensor.offset - end >= alignment) cursor.fail(`unused bytes before tensor ${tensor.name}`);
    end = tensor.offset + tensor.byteLength;
  }
  if (tensors.length > 0 && end > fileSize) cursor.fail('the file ends inside the tensor data');
  if (fileSize - end >= alignment) cursor.fail('unused bytes after the last tensor');
}

/** Reads the directory and checks that every tensor lies where it must. Throws `MODEL_GGUF`. */
export function readTensorDirectory(
  cursor: GgufCursor,
  count: number,
  alignment: number,
  fileSize: number,
): { tensors: GgufTensor[]; dataOffset: number } {
  const names = new Set<string>();
  const tensors: GgufTensor[] = [];
  for (let i = 0; i < count; i++) {
    const name = cursor.string();
    if (name.length === 0 || name.length > MAX_NAME_CHARACTERS)
      cursor.fail('a tensor name is empty or too long');
    if (names.has(name)) cursor.fail(`tensor ${name} occurs twice`);
    names.add(name);
    const dimensions = readDimensions(cursor);
    const typeNumber = cursor.uint32();
    const [typeName, block, bytes] =
      ggufTensorTypes.get(typeNumber) ?? cursor.fail(`unknown tensor type ${typeNumber}`);
    const byteLength = byteLengthOf(cursor, dimensions, block, bytes);
    const offset = cursor.size('tensor offset');
    if (offset % alignment !== 0) cursor.fail(`tensor ${name} is not aligned`);
    if (offset > cursor.remaining) cursor.fail(`tensor ${name} lies outside the file`);
    tensors.push({ name, dimensions, typeName, offset, byteLength });
  }
  const dataOffset = alignUp(cursor.offset, alignment);
  const placed = tensors.map((tensor) => ({ ...tensor, offset: dataOffset + tensor.offset }));
  assertLayout(cursor, placed, dataOffset, alignment, fileSize);
  return { tensors: placed, dataOffset };
}
