async function closeAfter(others: Promise<void>, close: () => Promise<void>): Promise<void> {
  try {
    await others;
  } finally {
    await close();
  }
}

/** Services in the order of their start: stopped newest first, so that whoever writes to another is gone before it. */
export class ServiceStack {
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #deaths: Promise<never>[] = [];
  readonly #controller = new AbortController();
  #stopping: Promise<void> | undefined;

  /** Aborts when stopping begins: what is being started then must give up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  add(close: () => Promise<void>, died?: Promise<never>): void {
    if (this.#stopping !== undefined) {
      // Started in spite of the signal: too late for the order, but nothing may stay behind.
      this.#stopping = closeAfter(this.#stopping, close);
      return;
    }
    this.#closers.push(close);
    if (died !== undefined) this.#deaths.push(died);
  }

  /** Rejects as soon as one of the services ends by itself. */
  get died(): Promise<never> {
    const died = Promise.race(this.#deaths);
    died.catch(() => {});
    return died;
  }

  /** Runs `task`, which must not outlive a service that it needs. */
  whileAlive<Value>(task: Promise<Value>): Promise<Value> {
    return this.#deaths.length === 0 ? task : Promise.race([task, this.died]);
  }

  /** Closes all, even when one fails to; throws the first failure at the end. Idempotent. */
  stop(): Promise<void> {
    this.#controller.abort(new DOMException('the network stops', 'AbortError'));
    this.#stopping ??= (async () => {
      const failures: unknown[] = [];
      for (const close of this.#closers.reverse()) await close().catch((error) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    })();
    return this.#stopping;
  }
}
