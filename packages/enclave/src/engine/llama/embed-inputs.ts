import type { EngineChunk, EngineRequest } from '../engine.ts';
import { EngineError } from '../engine-error.ts';
import { encodeEmbeddings } from '../wire/embedding-wire.ts';
import { promptTokens } from './generate-answer.ts';
import type { LlamaModelParts } from './load-model.ts';
import type { EmbeddingPlan } from './plan-request.ts';

/** Embeds the inputs one after the other; vectors have length 1, as OpenAI's have. Throws `ENGINE_FAILED`. */
export async function* embedInputs(
  parts: LlamaModelParts,
  plan: EmbeddingPlan,
  request: EngineRequest,
  closing: AbortSignal,
): AsyncGenerator<EngineChunk, void, void> {
  const signal = AbortSignal.any([request.signal, closing]);
  const vectors: number[][] = [];
  for (const input of plan.inputs) {
    signal.throwIfAborted();
    vectors.push(await embed(parts, input, signal));
  }
  signal.throwIfAborted();
  const tokens = promptTokens(plan.inputs);
  const text = encodeEmbeddings(vectors, plan.encoding, parts.modelName, tokens);
  yield { bytes: Buffer.from(text), usage: { promptTokens: tokens, completionTokens: 0 } };
}

async function embed(
  parts: LlamaModelParts,
  input: EmbeddingPlan['inputs'][number],
  signal: AbortSignal,
): Promise<number[]> {
  let vector: readonly number[];
  try {
    const context = await parts.embeddingContext();
    ({ vector } = await context.getEmbeddingFor([...input]));
  } catch (cause) {
    signal.throwIfAborted();
    throw new EngineError('ENGINE_FAILED', 'the embedding could not be computed', { cause });
  }
  const length = Math.hypot(...vector);
  if (!(length > 0) || !Number.isFinite(length))
    throw new EngineError('ENGINE_FAILED', 'the embedding has no length');
  return vector.map((value) => value / length);
}
