import type { LlamaContext, LlamaContextSequence } from 'node-llama-cpp';
import { EngineError } from '../engine-error.ts';

interface Waiting {
  readonly tenant: string;
  readonly grant: (sequence: LlamaContextSequence) => void;
  readonly refuse: (error: unknown) => void;
}

/** Use of one sequence by one tenant. */
export interface SequenceLease {
  readonly sequence: LlamaContextSequence;
  /** Erases the state and gives the sequence back; the state is never seen by anybody else. */
  release(): Promise<void>;
}

/**
 * The sequences of a context that decode together. When all are in use, the tenant with the fewest
 * running sequences is served next, and within a tenant the one that came first.
 */
export class SequencePool {
  /** Answers that can run or wait when there are no others. */
  readonly capacity: number;
  readonly #free: LlamaContextSequence[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #running = new Map<string, number>();
  readonly #maxWaiting: number;
  #closed = false;

  constructor(context: LlamaContext, maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
    while (context.sequencesLeft > 0) this.#free.push(context.getSequence());
    this.capacity = this.#free.length + maxWaiting;
  }

  /** Throws `ENGINE_BUSY` unless `count` more sequences can be had or waited for. */
  assertRoom(count: number): void {
    if (this.#waiting.length + count > this.#free.length + this.#maxWaiting) {
      throw new EngineError('ENGINE_BUSY', `${this.#waiting.length} answers wait already`, {
        details: { waiting: this.#waiting.length },
      });
    }
  }

  /** Waits for a sequence. Rejects with the signal's reason, or with `ENGINE_DEAD` when the pool closes. */
  async acquire(tenant: string, signal: AbortSignal): Promise<SequenceLease> {
    signal.throwIfAborted();
    if (this.#closed) throw new EngineError('ENGINE_DEAD', 'the engine is closed');
    const next = this.#free.pop();
    if (next !== undefined) return this.#lease(next, tenant);
    return this.#lease(await this.#wait(tenant, signal), tenant);
  }

  #wait(tenant: string, signal: AbortSignal): Promise<LlamaContextSequence> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(signal.reason);
      };
      const entry: Waiting = {
        tenant,
        grant: (sequence) => {
          signal.removeEventListener('abort', leave);
          resolve(sequence);
        },
        refuse: (error) => {
          signal.removeEventListener('abort', leave);
          reject(error);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(entry);
    });
  }

  #lease(sequence: LlamaContextSequence, tenant: string): SequenceLease {
    this.#running.set(tenant, (this.#running.get(tenant) ?? 0) + 1);
    let released = false;
    return {
      sequence,
      release: async () => {
        if (released) return;
        released = true;
        try {
          if (!sequence.disposed) await sequence.clearHistory();
        } finally {
          this.#release(sequence, tenant);
        }
      },
    };
  }

  #release(sequence: LlamaContextSequence, tenant: string): void {
    const left = this.#running.get(tenant)! - 1;
    if (left === 0) this.#running.delete(tenant);
    else this.#running.set(tenant, left);
    const next = this.#takeNext();
    if (next === undefined) this.#free.push(sequence);
    else next.grant(sequence);
  }

  #takeNext(): Waiting | undefined {
    let best = -1;
    let bestRunning = Number.POSITIVE_INFINITY;
    for (const [index, { tenant }] of this.#waiting.entries()) {
      const running = this.#running.get(tenant) ?? 0;
      if (running < bestRunning) {
        best = index;
        bestRunning = running;
      }
    }
    return best === -1 ? undefined : this.#waiting.splice(best, 1)[0];
  }

  close(): void {
    this.#closed = true;
    for (const entry of this.#waiting.splice(0)) {
      entry.refuse(new EngineError('ENGINE_DEAD', 'the engine is closed'));
    }
  }
}
