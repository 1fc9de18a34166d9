import { type GgufHeader, parseGgufPrefix } from '../../packages/model/src/index.ts';
import type { ModelShape, Tensors } from './model-shape.ts';
import { createTokenizer, type Merge, type Tokenizer } from './tokenizer.ts';

export interface StoredModel {
  readonly shape: ModelShape;
  readonly weights: Tensors;
  readonly tokenizer: Tokenizer;
}

function numberOf(header: GgufHeader, key: string): number {
  const value = header.metadata.get(key)?.value;
  if (typeof value !== 'number') throw new TypeError(`no number ${key}`);
  return value;
}

/** The model back from the bytes of `encodeGguf`, for the forward pass of this program. */
export function decodeGguf(bytes: Uint8Array): StoredModel {
  const header = parseGgufPrefix(bytes, bytes.length);
  if (header === undefined) throw new RangeError('the GGUF header is cut short');
  const stored = header.metadata.get('tokenizer.ggml.merges')?.value ?? [];
  const merges = (stored as readonly string[]).map((text): Merge => {
    const [left, right] = text.split(' ');
    return [left!, right!];
  });
  const weights = new Map(
    header.tensors.map(({ name, offset, byteLength }) => {
      // Not slice: a Buffer's slice shares memory.
      const copy = Uint8Array.from(bytes.subarray(offset, offset + byteLength));
      return [name, new Float32Array(copy.buffer)];
    }),
  );
  const shape: ModelShape = {
    vocabulary: numberOf(header, 'llama.vocab_size'),
    width: numberOf(header, 'llama.embedding_length'),
    layers: numberOf(header, 'llama.block_count'),
    heads: numberOf(header, 'llama.attention.head_count'),
    keyValueHeads: numberOf(header, 'llama.attention.head_count_kv'),
    hidden: numberOf(header, 'llama.feed_forward_length'),
    contextTokens: numberOf(header, 'llama.context_length'),
    ropeBase: numberOf(header, 'llama.rope.freq_base'),
    normEpsilon: numberOf(header, 'llama.attention.layer_norm_rms_epsilon'),
  };
  return { shape, weights, tokenizer: createTokenizer(merges) };
}
