import type { LlamaModel, Token } from 'node-llama-cpp';
import { EngineError } from '../engine-error.ts';
import { unmarkText } from './marked-text.ts';
import type { Vocabulary } from './vocabulary.ts';

/**
 * Tokenizes prompts so that only the model's own template can produce control tokens: in text that came
 * with a request, `<|im_start|>` is seven ordinary tokens.
 */
export class PromptTokenizer {
  readonly #model: LlamaModel;
  readonly #vocabulary: Vocabulary;
  readonly #structural: ReadonlyMap<string, Token>;
  readonly #pattern: RegExp | null;

  /** `templateSource` decides which user-defined tokens (`<tool_call>`) are structure rather than text. */
  constructor(model: LlamaModel, vocabulary: Vocabulary, templateSource: string) {
    this.#model = model;
    this.#vocabulary = vocabulary;
    const used = [...vocabulary.markupTokens()].filter(([text]) => templateSource.includes(text));
    this.#structural = new Map([...vocabulary.controlTokens, ...used]);
    // Longest first, so that of two tokens that begin alike the longer one is found.
    const texts = [...this.#structural.keys()].sort((a, b) => b.length - a.length);
    const source = texts.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
    this.#pattern = texts.length === 0 ? null : new RegExp(source, 'gu');
  }

  /** Tokens of a rendered template whose request texts are marked (marked-text.ts). */
  tokenizeRendered(rendered: string): Token[] {
    const tokens = this.#beginning();
    let start = 0;
    for (const match of this.#pattern === null ? [] : rendered.matchAll(this.#pattern)) {
      this.#appendPlain(tokens, unmarkText(rendered.slice(start, match.index)));
      tokens.push(this.#structural.get(match[0])!);
      start = match.index + match[0].length;
    }
    this.#appendPlain(tokens, unmarkText(rendered.slice(start)));
    // Some templates write the beginning-of-text token themselves.
    if (tokens.length > 1 && tokens[0] === tokens[1] && tokens[0] === this.#model.tokens.bos) tokens.shift();
    return tokens;
  }

  /** Tokens of plain text, without any control token but the beginning of text. */
  tokenizeText(text: string): Token[] {
    const tokens = this.#beginning();
    this.#appendPlain(tokens, text);
    return tokens;
  }

  #beginning(): Token[] {
    const { bos, shouldPrependBosToken } = this.#model.tokens;
    return shouldPrependBosToken && bos !== null ? [bos] : [];
  }

  #appendPlain(tokens: Token[], text: string): void {
    if (text === '') return;
    const isByteLevel = this.#model.vocabularyType === 'bpe';
    const pieces = this.#cut(text);
    for (const [index, piece] of pieces.entries()) {
      const found = this.#model.tokenize(
        piece,
        false,
        index === 0 || isByteLevel ? undefined : 'trimLeadingSpace',
      );
      for (const token of found) {
        if (this.#vocabulary.isControl(token)) {
          throw new EngineError('ENGINE_REQUEST', 'the text spells a control token of the model', {
            details: { param: 'messages' },
          });
        }
        tokens.push(token);
      }
    }
  }

  /** Cuts every spelled-out structural token apart, since no tokenizer setting excludes all of them. */
  #cut(text: string): string[] {
    if (this.#pattern === null) return [text];
    const pieces: string[] = [];
    let rest = text;
    for (;;) {
      const at = rest.search(this.#pattern);
      if (at === -1) break;
      const end = at + String.fromCodePoint(rest.codePointAt(at)!).length;
      pieces.push(rest.slice(0, end));
      rest = rest.slice(end);
    }
    if (rest !== '') pieces.push(rest);
    return pieces;
  }
}
