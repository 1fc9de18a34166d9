import type { EngineChunk, EngineUsage } from '../engine.ts';
import type { AnswerWire, ChoiceUpdate } from './answer-wire.ts';

/** Tokens that may wait unread before the makers are asked to wait. */
const MAX_UNREAD = 64;

export interface AnswerStreamOptions {
  readonly wire: AnswerWire;
  readonly promptTokens: number;
  readonly choices: number;
  /** One chunk at the end instead of one per update. */
  readonly buffered: boolean;
  /** Called when the consumer stops reading early. */
  readonly onReturn: () => void;
}

/**
 * Carries updates from several generations to one reader. What became ready since the last read goes into
 * one chunk, so a slow reader costs less, not more; a reader that stops reading stops the makers.
 */
export class AnswerStream implements AsyncIterableIterator<EngineChunk> {
  readonly #options: AnswerStreamOptions;
  readonly #delivered: number[];
  #unread: ChoiceUpdate[] = [];
  #unreadTokens = 0;
  #finished = 0;
  #failure: { readonly error: unknown } | null = null;
  #closed = false;
  #wake: (() => void) | null = null;
  #makers: (() => void)[] = [];

  constructor(options: AnswerStreamOptions) {
    this.#options = options;
    this.#delivered = new Array<number>(options.choices).fill(0);
  }

  push(update: ChoiceUpdate): void {
    const last = this.#unread.at(-1);
    const canMerge = last !== undefined && last.index === update.index && last.toolCalls.length === 0;
    if (canMerge) this.#unread[this.#unread.length - 1] = mergeUpdates(last, update);
    else this.#unread.push(update);
    this.#unreadTokens++;
    if (update.finish !== null) this.#finished++;
    if (!this.#options.buffered || this.#isComplete()) this.#wakeReader();
  }

  /** Null while there is room; else a promise that resolves when the reader has caught up. */
  room(): Promise<void> | null {
    if (this.#options.buffered || this.#unreadTokens < MAX_UNREAD || this.#closed) return null;
    return new Promise((resolve) => this.#makers.push(resolve));
  }

  /** Ends the iteration with an error; what is unread is dropped, since it can no longer be delivered in full. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#unread = [];
    this.#wakeReader();
    this.#wakeMakers();
  }

  async next(): Promise<IteratorResult<EngineChunk, undefined>> {
    for (;;) {
      if (this.#closed) return { done: true, value: undefined };
      if (this.#failure !== null) {
        this.#closed = true;
        throw this.#failure.error;
      }
      if (this.#options.buffered ? this.#isComplete() : this.#unread.length > 0) {
        return { done: false, value: this.#take() };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  return(): Promise<IteratorResult<EngineChunk, undefined>> {
    this.#closed = true;
    this.#wakeMakers();
    this.#options.onReturn();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #isComplete(): boolean {
    return this.#finished === this.#options.choices;
  }

  #take(): EngineChunk {
    const { wire, buffered } = this.#options;
    const updates = this.#unread;
    this.#unread = [];
    this.#unreadTokens = 0;
    for (const update of updates) this.#delivered[update.index] = update.delivered;
    const usage = this.#usage();
    if (buffered) {
      this.#closed = true;
      return { bytes: Buffer.from(wire.whole(wholeChoices(updates), usage)), usage };
    }
    let text = '';
    for (const update of updates) text += wire.event(update);
    if (this.#isComplete()) {
      this.#closed = true;
      text += wire.end(usage);
    }
    this.#wakeMakers();
    return { bytes: Buffer.from(text), usage };
  }

  #usage(): EngineUsage {
    let completionTokens = 0;
    for (const count of this.#delivered) completionTokens += count;
    return { promptTokens: this.#options.promptTokens, completionTokens };
  }

  #wakeReader(): void {
    this.#wake?.();
    this.#wake = null;
  }

  #wakeMakers(): void {
    for (const wake of this.#makers.splice(0)) wake();
  }
}

function mergeUpdates(a: ChoiceUpdate, b: ChoiceUpdate): ChoiceUpdate {
  return {
    index: a.index,
    text: a.text + b.text,
    logprobs: b.logprobs.length === 0 ? a.logprobs : [...a.logprobs, ...b.logprobs],
    toolCalls: b.toolCalls.length === 0 ? a.toolCalls : [...a.toolCalls, ...b.toolCalls],
    finish: b.finish,
    delivered: b.delivered,
  };
}

function wholeChoices(updates: readonly ChoiceUpdate[]): readonly ChoiceUpdate[] {
  const whole = new Map<number, ChoiceUpdate>();
  for (const update of updates) {
    const before = whole.get(update.index);
    whole.set(update.index, before === undefined ? update : mergeUpdates(before, update));
  }
  return [...whole.values()].sort((a, b) => a.index - b.index);
}
