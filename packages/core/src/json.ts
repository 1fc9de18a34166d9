import { CoreError } from './core-error.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export interface JsonLimits {
  /** UTF-16 code units of text. */
  readonly maxLength: number;
  readonly maxDepth: number;
}

export const defaultJsonLimits: JsonLimits = { maxLength: 1 << 20, maxDepth: 32 };

/**
 * Parses JSON as RFC 8259 and refuses what lets two readers disagree: duplicate keys, lone surrogates,
 * `__proto__` keys, numbers that do not survive a double, too much text or depth.
 * Throws `CORE_JSON` (with the offset) or `CORE_JSON_LIMIT`.
 */
export function parseJson(text: string, limits: JsonLimits = defaultJsonLimits): JsonValue {
  if (text.length > limits.maxLength) {
    throw new CoreError(
      'CORE_JSON_LIMIT',
      `JSON has ${text.length} characters, at most ${limits.maxLength} are read`,
    );
  }
  return new Parser(text, limits.maxDepth).document();
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  document(): JsonValue {
    const value = this.#value(0);
    this.#space();
    if (this.#at !== this.#text.length) this.#fail('text after the document');
    return value;
  }

  #fail(why: string, cause?: unknown): never {
    const details = { offset: this.#at };
    throw new CoreError('CORE_JSON', `JSON: ${why} at offset ${this.#at}`, { details, cause });
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.#at++;
    }
  }

  #value(depth: number): JsonValue {
    if (depth > this.#maxDepth) {
      throw new CoreError('CORE_JSON_LIMIT', `JSON is nested deeper than ${this.#maxDepth}`);
    }
    this.#space();
    switch (this.#text.charAt(this.#at)) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #word<Value extends boolean | null>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('unknown word');
    this.#at += word.length;
    return value;
  }

  #number(): number {
    const start = this.#at;
    NUMBER.lastIndex = start;
    const literal = NUMBER.exec(this.#text)?.[0];
    if (literal === undefined) this.#fail('unexpected character');
    const value = Number(literal);
    const isInteger = /^-?[0-9]+$/.test(literal);
    if (!Number.isFinite(value) || (isInteger && !Number.isSafeInteger(value))) {
      this.#fail('number outside the range of a double');
    }
    this.#at = start + literal.length;
    return value;
  }

  #string(): string {
    // Only the end is searched here; JSON.parse then judges escapes and control characters (RFC 8259 section 7).
    let end = this.#at + 1;
    for (let code = 0; code !== 34; end++) {
      code = this.#text.charCodeAt(end);
      if (code === 92) end++;
      else if (Number.isNaN(code)) this.#fail('string without an end');
    }
    let value: string;
    try {
      value = JSON.parse(this.#text.slice(this.#at, end)) as string;
    } catch (cause) {
      return this.#fail('string with a bad escape or a control character', cause);
    }
    if (!value.isWellFormed()) this.#fail('string with a lone surrogate');
    this.#at = end;
    return value;
  }

  #array(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(this.#value(depth + 1));
      if (this.#separator(']')) return items;
    }
  }

  #object(depth: number): JsonObject {
    const members: Record<string, JsonValue> = {};
    const seen = new Set<string>();
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return members;
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail('expected a key');
      const key = this.#string();
      if (seen.has(key)) this.#fail('duplicate key');
      if (key === '__proto__') this.#fail('forbidden key');
      seen.add(key);
      this.#space();
      if (this.#text[this.#at] !== ':') this.#fail('expected a colon');
      this.#at++;
      members[key] = this.#value(depth + 1);
      if (this.#separator('}')) return members;
    }
  }

  /** True at the closing character, false after a comma. */
  #separator(close: string): boolean {
    this.#space();
    const char = this.#text[this.#at];
    if (char !== close && char !== ',') this.#fail(`expected , or ${close}`);
    this.#at++;
    return char === close;
  }
}
