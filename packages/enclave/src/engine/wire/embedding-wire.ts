import { toBase64 } from '@dcml/core';

/** The answer of `POST /v1/embeddings`. `base64` holds little-endian 32-bit floats, as OpenAI writes them. */
export function encodeEmbeddings(
  vectors: readonly (readonly number[])[],
  encoding: 'float' | 'base64',
  model: string,
  promptTokens: number,
): string {
  return JSON.stringify({
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encoding === 'float' ? vector : floatsBase64(vector),
    })),
    model,
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  });
}

function floatsBase64(vector: readonly number[]): string {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of vector.entries()) view.setFloat32(i * 4, value, true);
  return toBase64(bytes);
}
