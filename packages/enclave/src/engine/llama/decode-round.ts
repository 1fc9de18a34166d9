/**
 * Keeps sequences in step, so that all of them decode in one batch. Without it the sequence whose token
 * comes last misses the next batch, which the others have begun by then: two streams would take turns
 * for ever, instead of sharing each pass over the weights.
 */
export class DecodeRound {
  #members = 0;
  #waiting: (() => void)[] = [];

  /** Takes part from now on; every member must arrive again and again, or leave. */
  enter(): void {
    this.#members++;
  }

  leave(): void {
    this.#members--;
    this.#releaseWhenComplete();
  }

  /** Resolves when every member has its token. */
  arrive(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#releaseWhenComplete();
    });
  }

  #releaseWhenComplete(): void {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#members) return;
    const released = this.#waiting;
    this.#waiting = [];
    // After the batch that just ended has been wound up; else it would go on with those that ask first.
    setImmediate(() => {
      for (const resolve of released) resolve();
    });
  }
}
