import { batchTexts, forward } from './forward.ts';
import type { ModelShape, Tensors } from './model-shape.ts';
import { messageEndId } from './tokenizer.ts';

/** The most likely continuation, token by token, up to `limit` tokens or the end of the message. */
export function generateGreedily(
  shape: ModelShape,
  weights: Tensors,
  prompt: readonly number[],
  limit: number,
): number[] {
  const ids = [...prompt];
  while (ids.length - prompt.length < limit) {
    const { logits } = forward(shape, weights, batchTexts([ids]));
    const row = logits.subarray((ids.length - 1) * shape.vocabulary);
    let best = 0;
    for (let id = 1; id < row.length; id++) if (row[id]! > row[best]!) best = id;
    if (best === messageEndId) break;
    ids.push(best);
  }
  return ids.slice(prompt.length);
}
