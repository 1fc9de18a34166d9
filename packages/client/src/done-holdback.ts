import { concatBytes, encodeUtf8 } from '@dcml/core';

const DONE_LINE: Uint8Array = encodeUtf8('data: [DONE]');
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const NOTHING = new Uint8Array(0);

/**
 * Passes an event stream on but keeps its end: from `data: [DONE]` on nothing leaves until the caller has verified the
 * receipt. A reader that stops at `[DONE]` therefore cannot take an unverified answer for a complete one.
 */
export class DoneHoldback {
  /** The current line from its start, as long as it may become the mark. */
  #held: Uint8Array = NOTHING;
  #matched = 0;
  #lineStart = true;
  #done = false;

  /** The bytes that may leave now. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.#done) {
      this.#held = concatBytes(this.#held, chunk);
      return NOTHING;
    }
    const bytes = concatBytes(this.#held, chunk);
    let keepFrom = this.#held.length === 0 ? -1 : 0;
    for (let i = this.#held.length; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte === NEWLINE || byte === CARRIAGE_RETURN) {
        if (this.#matched === DONE_LINE.length) {
          this.#done = true;
          break;
        }
        this.#lineStart = true;
        this.#matched = 0;
        keepFrom = -1;
      } else if (this.#lineStart || this.#matched > 0) {
        if (this.#lineStart) keepFrom = i;
        this.#lineStart = false;
        if (this.#matched < DONE_LINE.length && byte === DONE_LINE[this.#matched]) {
          this.#matched++;
        } else {
          this.#matched = 0;
          keepFrom = -1;
        }
      }
    }
    const cut = keepFrom === -1 ? bytes.length : keepFrom;
    this.#held = bytes.slice(cut);
    return bytes.subarray(0, cut);
  }

  /** The end that was kept, to be released once the receipt verified. */
  release(): Uint8Array {
    const held = this.#held;
    this.#held = NOTHING;
    return held;
  }
}
