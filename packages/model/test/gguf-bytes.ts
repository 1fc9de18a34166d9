import { concatBytes, encodeUtf8 } from '@dcml/core';
import { type GgufValueType, ggufValueTypes } from '../src/index.ts';

// Writes GGUF files for the tests, malformed ones included: nothing is checked here.

const scalar = (length: number, write: (view: DataView) => void): Uint8Array => {
  const bytes = new Uint8Array(length);
  write(new DataView(bytes.buffer));
  return bytes;
};
export const u32 = (value: number): Uint8Array => scalar(4, (view) => view.setUint32(0, value, true));
export const u64 = (value: bigint | number): Uint8Array =>
  scalar(8, (view) => view.setBigUint64(0, BigInt(value), true));
export const text = (value: string): Uint8Array => {
  const bytes = encodeUtf8(value);
  return concatBytes(u64(bytes.length), bytes);
};

type Plain = number | bigint | boolean | string;
const writers: Readonly<Record<Exclude<GgufValueType, 'array'>, (value: Plain) => Uint8Array>> = {
  uint8: (value) => scalar(1, (view) => view.setUint8(0, Number(value))),
  int8: (value) => scalar(1, (view) => view.setInt8(0, Number(value))),
  uint16: (value) => scalar(2, (view) => view.setUint16(0, Number(value), true)),
  int16: (value) => scalar(2, (view) => view.setInt16(0, Number(value), true)),
  uint32: (value) => u32(Number(value)),
  int32: (value) => scalar(4, (view) => view.setInt32(0, Number(value), true)),
  float32: (value) => scalar(4, (view) => view.setFloat32(0, Number(value), true)),
  float64: (value) => scalar(8, (view) => view.setFloat64(0, Number(value), true)),
  uint64: (value) => u64(value as bigint),
  int64: (value) => scalar(8, (view) => view.setBigInt64(0, value as bigint, true)),
  bool: (value) => Uint8Array.of(value === true ? 1 : 0),
  string: (value) => text(String(value)),
};

const typeNumber = (type: GgufValueType): Uint8Array => u32(ggufValueTypes.indexOf(type));

/** A metadata entry of a plain value. */
export function entry(key: string, type: Exclude<GgufValueType, 'array'>, value: Plain): Uint8Array {
  return concatBytes(text(key), typeNumber(type), writers[type](value));
}

export function arrayEntry(
  key: string,
  type: Exclude<GgufValueType, 'array'>,
  values: readonly Plain[],
): Uint8Array {
  const items = values.map((value) => writers[type](value));
  return concatBytes(text(key), typeNumber('array'), typeNumber(type), u64(values.length), ...items);
}

interface TensorBytes {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly type: number;
  readonly offset: number;
}

export interface GgufParts {
  readonly magic?: string;
  readonly version?: number;
  readonly entries?: readonly Uint8Array[];
  readonly entryCount?: number | bigint;
  readonly tensors?: readonly TensorBytes[];
  readonly tensorCount?: number | bigint;
  readonly data?: Uint8Array;
}

/** A whole file with alignment 32. */
export function ggufBytes(parts: GgufParts): Uint8Array {
  const { entries = [], tensors = [], data = new Uint8Array() } = parts;
  const directory = tensors.map(({ name, dimensions, type, offset }) =>
    concatBytes(text(name), u32(dimensions.length), ...dimensions.map(u64), u32(type), u64(offset)),
  );
  const header = concatBytes(
    encodeUtf8(parts.magic ?? 'GGUF'),
    u32(parts.version ?? 3),
    u64(parts.tensorCount ?? tensors.length),
    u64(parts.entryCount ?? entries.length),
    ...entries,
    ...directory,
  );
  return concatBytes(header, new Uint8Array((32 - (header.length % 32)) % 32), data);
}

/** A small complete model file whose parts the tests change one by one. */
export interface SampleModel {
  readonly weight?: number;
  readonly token?: string;
  readonly template?: string;
  readonly layers?: number;
  readonly fileType?: number;
  readonly title?: string;
}

export function sampleGguf(sample: SampleModel = {}): Uint8Array {
  const data = new Uint8Array(64);
  new DataView(data.buffer).setFloat32(0, sample.weight ?? 1, true);
  return ggufBytes({
    entries: [
      entry('general.architecture', 'string', 'llama'),
      entry('general.name', 'string', sample.title ?? 'sample'),
      entry('general.file_type', 'uint32', sample.fileType ?? 0),
      entry('llama.block_count', 'uint32', sample.layers ?? 2),
      entry('llama.context_length', 'uint32', 64),
      arrayEntry('tokenizer.ggml.tokens', 'string', ['<s>', sample.token ?? 'a']),
      entry('tokenizer.ggml.eos_token_id', 'uint32', 1),
      entry('tokenizer.chat_template', 'string', sample.template ?? '{{ messages }}'),
    ],
    tensors: [
      { name: 'a.weight', dimensions: [4, 2], type: 0, offset: 0 },
      { name: 'b.weight', dimensions: [3], type: 0, offset: 32 },
    ],
    data: data.subarray(0, 44),
  });
}
