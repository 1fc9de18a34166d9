import type { JsonObject, JsonValue } from '@dcml/core';
import type { ToolCallView } from '../wire/answer-wire.ts';
import { longestStart } from './output-text.ts';
import type { ToolFormat } from './tool-format.ts';

export interface ToolReading {
  readonly text: string;
  readonly toolCalls: readonly ToolCallView[];
}

interface ToolCall {
  readonly name: string;
  readonly arguments: string;
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
  /** Opening text of the current call, to be given back when it is none. */
  #opening = '';
  #held = '';
  #calls = 0;
  #hasText = false;
  /** White space at the start or after a call, which is layout if another call follows. */
  #gap = '';
  #isAtEdge = true;
  /** Where the current call ends in what is held, once that is known. */
  #ending: number | null = null;

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
    return this.#held === '' && this.#opening === '' && this.#gap === '';
  }

  push(text: string): ToolReading {
    this.#held += text;
    let out = '';
    const toolCalls: ToolCallView[] = [];
    while (!this.isDone) {
      if (!this.#isInCall) {
        const start = this.#findOpen();
        out += this.#emit(this.#take(start.at));
        if (!start.found) break;
        this.#opening = this.#take(this.#open.length);
        this.#isInCall = true;
      }
      const call = this.#readCall();
      if (call === null) break;
      this.#isInCall = false;
      if (call.length === 0) out += this.#emit(this.#giveBack());
      else toolCalls.push(...this.#accept(call));
    }
    return { text: out, toolCalls };
  }

  /** What is left when the model has ended. */
  finish(): ToolReading {
    const call = this.#isInCall && !this.isDone ? this.#parseCalls(this.#held) : [];
    if (call.length > 0) return { text: '', toolCalls: this.#accept(call) };
    const text = this.#emit(this.#opening + this.#held);
    return { text: this.hasCalls ? text : this.#gap + text, toolCalls: [] };
  }

  /** The calls up to the closing text; empty when that is no call, null when the closing text has not come. */
  #readCall(): readonly ToolCall[] | null {
    if (this.#close === '') return null;
    let end = this.#held.indexOf(this.#close);
    while (end !== -1) {
      const calls = this.#parseCalls(this.#held.slice(0, end));
      // A short closing text may also stand within the arguments.
      if (calls.length > 0 || this.#close.length > 2) {
        this.#ending = end + this.#close.length;
        return calls;
      }
      end = this.#held.indexOf(this.#close, end + 1);
    }
    return null;
  }

  #accept(calls: readonly ToolCall[]): ToolCallView[] {
    this.#take(this.#ending ?? this.#held.length);
    this.#ending = null;
    this.#opening = '';
    this.#gap = '';
    this.#isAtEdge = true;
    const accepted = this.#options.parallel ? calls : calls.slice(0, 1);
    return accepted.map((call) => ({ id: this.#options.makeId(this.#calls++), ...call }));
  }

  #giveBack(): string {
    const text = this.#opening + this.#take(this.#ending ?? this.#held.length);
    this.#ending = null;
    this.#opening = '';
    return text;
  }

  #emit(text: string): string {
    if (!this.#isAtEdge) return text;
    const all = this.#gap + text;
    if (all.trim() === '') {
      this.#gap = all;
      return '';
    }
    this.#gap = '';
    this.#isAtEdge = false;
    this.#hasText = true;
    return this.hasCalls ? all.trimStart() : all;
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

  #parseCalls(inner: string): readonly ToolCall[] {
    let values: readonly JsonValue[];
    try {
      values = JSON.parse(`[${inner}]`) as readonly JsonValue[];
    } catch {
      return [];
    }
    const calls = values.map((value) => this.#asCall(value));
    return calls.includes(null) ? [] : (calls as readonly ToolCall[]);
  }

  #asCall(value: JsonValue): ToolCall | null {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
    const { nameKey, argumentsKey } = this.#options.format;
    const object = value as JsonObject;
    const name = object[nameKey];
    const given = object[argumentsKey];
    if (typeof name !== 'string' || !this.#options.names.has(name)) return null;
    if (given === undefined || given === null || typeof given !== 'object' || Array.isArray(given))
      return null;
    return { name, arguments: JSON.stringify(given) };
  }
}
