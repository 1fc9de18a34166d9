import { formatError } from '../attest-error.ts';

/** Reads a text from the front by sticky patterns; every refusal names its offset. */
export class XmlScanner {
  readonly #text: string;
  readonly #what: string;
  #at = 0;

  constructor(text: string, what: string) {
    this.#text = text;
    this.#what = what;
  }

  get offset(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  fail(problem: string, offset: number = this.#at): never {
    throw formatError(this.#what, problem, offset);
  }

  startsWith(token: string): boolean {
    return this.#text.startsWith(token, this.#at);
  }

  /** Skips `token` if it comes next. */
  take(token: string): boolean {
    const found = this.startsWith(token);
    if (found) this.#at += token.length;
    return found;
  }

  /** Skips what a sticky pattern matches here. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  /** Skips everything before the next `token`, or to the end of the text, and returns it. */
  before(token: string): string {
    const found = this.#text.indexOf(token, this.#at);
    const end = found < 0 ? this.#text.length : found;
    const skipped = this.#text.slice(this.#at, end);
    this.#at = end;
    return skipped;
  }
}
