import type { JsonValue } from '@dcml/core';
import type { ToolCallView } from '../wire/answer-wire.ts';
import { longestStart } from './output-text.ts';
import type { ToolFormat } from './tool-format.ts';

export interface ToolReading {
  readonly text: string;
  readonly toolCalls: readonly ToolCallView[];
}

export interface ToolReaderOptions {
  readonly format: ToolFormat;
  readonly names: ReadonlySet<string>;
  readonly parallel: boolean;
  /** The prefix was part of the prompt: the answer begins inside a call. */
  readonly inCall: boolean;
  readonly makeId: (call: number) => string;
}

/**
 * Separates tool calls from text in what a model writes. A call that is not valid, cut off, or to an
 * unknown tool, stays text: nothing that was generated is lost.
 */
export class ToolCallReader {
  readonly #options: ToolReaderOptions;
  readonly #open: string;
  readonly #close: string;
  #isInCall: boolean;
  #held = '';
  #calls = 0;
  #hasText = false;

  constructor(options: ToolReaderOptions) {
    this.#options = options;
    this.#open = options.format.prefix.trim();
    this.#close = options.format.suffix.trim();
    this.#isInCall = options.inCall;
  }

  /** Whether any call was read: the answer then finishes with `tool_calls`. */
  get hasCalls(): boolean {
    return this.#calls > 0;
  }

  /** No further call may follow. */
  get isDone(): boolean {
    return this.hasCalls && !this.#options.parallel;
  }

  /** Whether all that was pushed came out again. */
  get isEmpty(): boolean {
    return this.#held === '';
  }

  push(text: string): ToolReading {
    this.#held += text;
    let out = '';
    const toolCalls: ToolCallView[] = [];
    while (!this.isDone) {
      if (!this.#isInCall) {
        const start = this.#findOpen();
        out += this.#take(start.at);
        if (!start.found) break;
        this.#isInCall = true;
      }
      const end = this.#close === '' ? -1 : this.#held.indexOf(this.#close);
      if (end === -1) break;
      const raw = this.#take(end + this.#close.length);
      const read = this.#readCalls(raw);
      if (read.length === 0) out += raw;
      toolCalls.push(...read);
      this.#isInCall = false;
    }
    return this.#reading(out, toolCalls);
  }

  /** What is left when the model has ended. */
  finish(): ToolReading {
    const raw = this.#take(this.#held.length);
    const read = this.#isInCall && !this.isDone ? this.#readCalls(raw) : [];
    return this.#reading(read.length === 0 ? raw : '', read);
  }

  #reading(text: string, toolCalls: readonly ToolCallView[]): ToolReading {
    // White space around calls is layout, not content.
    if (text.trim() === '' && !this.#hasText && (this.hasCalls || this.#held !== ''))
      return { text: '', toolCalls };
    if (text.trim() === '' && this.hasCalls) return { text: '', toolCalls };
    if (text !== '') this.#hasText = true;
    return { text, toolCalls };
  }

  #take(length: number): string {
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return taken;
  }

  #findOpen(): { readonly at: number; readonly found: boolean } {
    if (this.#open === '') {
      // Without a prefix a call is an answer that begins with the JSON object.
      const isCall = !this.#hasText && /^\s*\{/.test(this.#held);
      const mayBecome = !this.#hasText && this.#held.trim() === '';
      return { at: isCall || mayBecome ? 0 : this.#held.length, found: isCall };
    }
    const at = this.#held.indexOf(this.#open);
    if (at !== -1) return { at, found: true };
    return { at: this.#held.length - longestStart(this.#held, [this.#open]), found: false };
  }

  #readCalls(raw: string): ToolCallView[] {
    let inner = raw.trim();
    if (inner.startsWith(this.#open)) inner = inner.slice(this.#open.length);
    if (this.#close !== '' && inner.endsWith(this.#close)) inner = inner.slice(0, -this.#close.length);
    let values: readonly JsonValue[];
    try {
      values = JSON.parse(`[${inner}]`) as readonly JsonValue[];
    } catch {
      return [];
    }
    const read = values.map((value) => this.#asCall(value));
    if (read.length === 0 || read.includes(null)) return [];
    const calls = (read as { readonly name: string; readonly arguments: string }[]).slice(
      0,
      this.#options.parallel ? undefined : 1,
    );
    return calls.map((call) => ({ id: this.#options.makeId(this.#calls++), ...call }));
  }

  #asCall(value: JsonValue): { readonly name: string; readonly arguments: string } | null {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
    const { nameKey, argumentsKey } = this.#options.format;
    const object = value as { readonly [key: string]: JsonValue };
    const name = object[nameKey];
    const given = object[argumentsKey];
    if (typeof name !== 'string' || !this.#options.names.has(name)) return null;
    if (given === null || typeof given !== 'object' || Array.isArray(given)) return null;
    return { name, arguments: JSON.stringify(given) };
  }
}
