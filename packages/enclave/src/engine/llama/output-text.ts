import type { TokenPiece } from './vocabulary.ts';

/**
 * Turns the tokens of one answer into text that may be sent: whole characters only, and nothing of a
 * stop text, even when it is spread over tokens.
 */
export class OutputText {
  /** A stop text was met; nothing more comes out. */
  stopped = false;
  /** Tokens whose whole text was given out. */
  delivered = 0;
  readonly #stops: readonly string[];
  #partial: Uint8Array = new Uint8Array(0);
  #held = '';
  #received = 0;
  #emitted = 0;
  /** For each token not yet delivered: how many characters must be out for it to count. */
  readonly #ends: number[] = [];

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** The text that the token releases, possibly empty. */
  push(piece: TokenPiece): string {
    const text = piece.text !== null && this.#partial.length === 0 ? piece.text : this.#decode(piece.bytes);
    this.#received += text.length;
    // A token that ends inside a character is delivered with the character.
    const end = this.#partial.length > 0 ? this.#received + 1 : this.#received;
    const out = this.#stops.length === 0 ? text : this.#scan(text);
    if (this.#ends.length === 0 && end <= this.#emitted + out.length) {
      this.#emitted += out.length;
      this.delivered++;
      return out;
    }
    this.#ends.push(end);
    return this.#release(out);
  }

  /** At the end: what was held back because it could have become a stop text. Half a character is dropped. */
  finish(): string {
    const rest = this.stopped ? '' : this.#held;
    this.#held = '';
    return this.#release(rest);
  }

  #release(text: string): string {
    this.#emitted += text.length;
    let out = 0;
    while (out < this.#ends.length && this.#ends[out]! <= this.#emitted) out++;
    if (out > 0) this.#ends.splice(0, out);
    this.delivered += out;
    return text;
  }

  #decode(bytes: Uint8Array): string {
    const all = Buffer.concat([this.#partial, bytes]);
    const whole = all.length - incompleteTail(all);
    this.#partial = all.subarray(whole);
    return all.toString('utf8', 0, whole);
  }

  #scan(text: string): string {
    const all = this.#held + text;
    let stopAt = -1;
    for (const stop of this.#stops) {
      const at = all.indexOf(stop);
      if (at !== -1 && (stopAt === -1 || at < stopAt)) stopAt = at;
    }
    if (stopAt !== -1) {
      this.stopped = true;
      this.#held = '';
      return all.slice(0, stopAt);
    }
    const keep = longestStart(all, this.#stops);
    this.#held = all.slice(all.length - keep);
    return all.slice(0, all.length - keep);
  }
}

/** Length of the longest end of `text` that begins one of `words` without completing it. */
export function longestStart(text: string, words: readonly string[]): number {
  let longest = 0;
  for (const word of words) {
    for (let length = Math.min(word.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(word.slice(0, length))) longest = length;
    }
  }
  return longest;
}

/** Number of bytes at the end that begin a UTF-8 character without completing it (RFC 3629 section 3). */
export function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
    if (byte < 0x80) return 0;
  }
  return 0;
}
