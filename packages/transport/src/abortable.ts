/** A body as it arrives: all at once, or in pieces. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * The pieces of a source, ended by the signal's reason even while the source is silent.
 * The source's iterator is closed in every case.
 */
export async function* readPieces(source: ByteSource, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  signal.throwIfAborted();
  if (source instanceof Uint8Array) {
    yield source;
    return;
  }
  const iterator = source[Symbol.asyncIterator]();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  // Without a reader the rejection would count as unhandled.
  aborted.catch(() => {});
  let ended = false;
  try {
    for (;;) {
      const step = await Promise.race([iterator.next(), aborted]);
      if (step.done === true) {
        ended = true;
        return;
      }
      yield step.value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    // Not awaited: a source that ignores its end must not hold up ours.
    if (!ended) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
