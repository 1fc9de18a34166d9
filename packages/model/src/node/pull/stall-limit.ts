import { ModelError } from '../../model-error.ts';
import type { PullContext } from './pull-context.ts';

export interface Alive {
  /** Something arrived: the time starts again. */
  (): void;
  /** The same bytes, each of which counts as arrived. */
  iterate(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/**
 * Runs `work` with a signal that aborts when nothing arrives for `stallTimeoutMs`, or with the caller's signal.
 * Throws `MODEL_SOURCE_STALLED`.
 */
export async function withStallLimit<Result>(
  context: PullContext,
  work: (signal: AbortSignal, alive: Alive) => Promise<Result>,
): Promise<Result> {
  const { stallTimeoutMs, source } = context;
  const stalled = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const restart = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      stalled.abort(
        new ModelError('MODEL_SOURCE_STALLED', `${source}: nothing came for ${stallTimeoutMs} ms`, {
          details: { stallTimeoutMs },
        }),
      );
    }, stallTimeoutMs);
  };
  async function* iterate(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of body) {
      restart();
      yield bytes;
    }
  }
  restart();
  try {
    const signals = context.signal === undefined ? [stalled.signal] : [stalled.signal, context.signal];
    return await work(AbortSignal.any(signals), Object.assign(restart, { iterate }));
  } catch (error) {
    context.signal?.throwIfAborted();
    if (stalled.signal.aborted) throw stalled.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
