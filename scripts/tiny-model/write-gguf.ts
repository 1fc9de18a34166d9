import { concatBytes, encodeUtf8 } from '@dcml/core';
import { chatTemplate } from './chat-template.ts';
import { headSize, type ModelShape, type Tensors, tensor, tensorShapes } from './model-shape.ts';
import { endOfTextId, messageEndId, messageStartId, specialTokens, type Tokenizer } from './tokenizer.ts';

const ALIGNMENT = 32;
/** Value types of the GGUF specification. */
const type = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;
const F32_TENSOR = 0;

function littleEndian(bytes: number, write: (view: DataView) => void): Uint8Array {
  const out = new Uint8Array(bytes);
  write(new DataView(out.buffer));
  return out;
}
const u32 = (value: number): Uint8Array => littleEndian(4, (view) => view.setUint32(0, value, true));
const i32 = (value: number): Uint8Array => littleEndian(4, (view) => view.setInt32(0, value, true));
const f32 = (value: number): Uint8Array => littleEndian(4, (view) => view.setFloat32(0, value, true));
const u64 = (value: number): Uint8Array =>
  littleEndian(8, (view) => view.setBigUint64(0, BigInt(value), true));
function text(value: string): Uint8Array {
  const bytes = encodeUtf8(value);
  return concatBytes(u64(bytes.length), bytes);
}

const entry = {
  text: (key: string, value: string) => concatBytes(text(key), u32(type.string), text(value)),
  u32: (key: string, value: number) => concatBytes(text(key), u32(type.u32), u32(value)),
  f32: (key: string, value: number) => concatBytes(text(key), u32(type.f32), f32(value)),
  bool: (key: string, value: boolean) => concatBytes(text(key), u32(type.bool), Uint8Array.of(value ? 1 : 0)),
  texts: (key: string, values: readonly string[]) =>
    concatBytes(text(key), u32(type.array), u32(type.string), u64(values.length), ...values.map(text)),
  i32s: (key: string, values: readonly number[]) =>
    concatBytes(text(key), u32(type.array), u32(type.i32), u64(values.length), ...values.map(i32)),
};

function metadata(name: string, shape: ModelShape, tokenizer: Tokenizer): Uint8Array[] {
  // Token types of llama.cpp: 1 normal, 3 control.
  const tokenTypes = tokenizer.tokens.map((_, id) => (id < specialTokens.length ? 3 : 1));
  return [
    entry.text('general.architecture', 'llama'),
    entry.text('general.type', 'model'),
    entry.text('general.name', name),
    entry.text('general.license', 'apache-2.0'),
    entry.u32('general.file_type', 0),
    entry.u32('llama.block_count', shape.layers),
    entry.u32('llama.context_length', shape.contextTokens),
    entry.u32('llama.embedding_length', shape.width),
    entry.u32('llama.feed_forward_length', shape.hidden),
    entry.u32('llama.attention.head_count', shape.heads),
    entry.u32('llama.attention.head_count_kv', shape.keyValueHeads),
    entry.f32('llama.attention.layer_norm_rms_epsilon', shape.normEpsilon),
    entry.u32('llama.rope.dimension_count', headSize(shape)),
    entry.f32('llama.rope.freq_base', shape.ropeBase),
    entry.u32('llama.vocab_size', shape.vocabulary),
    entry.text('tokenizer.ggml.model', 'gpt2'),
    entry.text('tokenizer.ggml.pre', 'gpt-2'),
    entry.texts('tokenizer.ggml.tokens', tokenizer.tokens),
    entry.i32s('tokenizer.ggml.token_type', tokenTypes),
    entry.texts(
      'tokenizer.ggml.merges',
      tokenizer.merges.map(([left, right]) => `${left} ${right}`),
    ),
    entry.u32('tokenizer.ggml.bos_token_id', messageStartId),
    entry.u32('tokenizer.ggml.eos_token_id', messageEndId),
    entry.u32('tokenizer.ggml.unknown_token_id', endOfTextId),
    entry.u32('tokenizer.ggml.padding_token_id', endOfTextId),
    entry.bool('tokenizer.ggml.add_bos_token', false),
    entry.bool('tokenizer.ggml.add_space_prefix', false),
    entry.text('tokenizer.chat_template', chatTemplate),
  ];
}

const aligned = (length: number): number => Math.ceil(length / ALIGNMENT) * ALIGNMENT;

/**
 * A GGUF version 3 file of the llama architecture in 32-bit floats. The query and key rows are written as they
 * are: training rotates neighbouring pairs, as llama.cpp does, so nothing is permuted.
 */
export function encodeGguf(
  name: string,
  shape: ModelShape,
  weights: Tensors,
  tokenizer: Tokenizer,
): Uint8Array {
  const entries = metadata(name, shape, tokenizer);
  const directory: Uint8Array[] = [];
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const { name: tensorName, rows, columns, kind } of tensorShapes(shape)) {
    // GGUF lists the fastest dimension first: columns, then rows.
    const dimensions = kind === 'norm' ? [columns] : [columns, rows];
    directory.push(
      text(tensorName),
      u32(dimensions.length),
      ...dimensions.map(u64),
      u32(F32_TENSOR),
      u64(offset),
    );
    const values = tensor(weights, tensorName);
    const bytes = new Uint8Array(aligned(values.length * 4));
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true);
    data.push(bytes);
    offset += bytes.length;
  }
  const magic = concatBytes(encodeUtf8('GGUF'), u32(3));
  const header = concatBytes(
    magic,
    u64(tensorShapes(shape).length),
    u64(entries.length),
    ...entries,
    ...directory,
  );
  const padding = new Uint8Array(aligned(header.length) - header.length);
  return concatBytes(header, padding, ...data);
}
